/// Reads a RAFS file system, of a layer or of a whole image, whose bootstrap has been found.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/formats/format.hpp"
#include "accel/formats/nydus/file_reader.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/stored_blob.hpp"

namespace accel::formats::nydus {

/// Finds the files of a blob of the table. Throws when they cannot be had.
using FindBlob = std::function<BlobFiles(const Blob& blob)>;

/// What layer and image readers share. Not thread-safe.
class RafsReader : public LayerReader {
 public:
  LayerSummary summary() override;
  void list(LayerVisitor& visitor) override;
  void verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) override;
  std::size_t read_file(std::string_view path, std::uint64_t offset, MutableByteView out) override;
  /// Writes the file system as a tar stream (see tar_writer.hpp). Verifies every chunk, and whole the blobs that most
  /// of is needed.
  void unpack(io::ByteSink& sink, const CancelToken& cancel);
  /// The file system; reads the bootstrap at first use.
  const Rafs& rafs();

 protected:
  RafsReader(FindBlob find, OpenOptions options) : find_(std::move(find)), options_(std::move(options)) {}

  /// Reads the bootstrap; called once.
  virtual Rafs load() = 0;
  /// "Nydus layer" or "Nydus image"; the version follows.
  [[nodiscard]] virtual std::string kind() const = 0;
  /// Verifies what is no part of the blobs in the table, once all of those were verified.
  virtual void verify_others(const hash::Digest& diff_id, const CancelToken& cancel) = 0;
  /// Verifies where the bootstrap came from, once all blobs of the table were verified.
  virtual void verify_bootstrap(const CancelToken& cancel) = 0;
  /// Called for every blob of the table while its chunk information is at hand.
  virtual void check_meta(const Blob& blob, const BlobMeta& meta);

  [[nodiscard]] const OpenOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] FileReader make_files(std::function<ForwardReader::Mode(std::uint32_t blob)> mode,
                                      const CancelToken& cancel);
  [[nodiscard]] const Inode& file_at(std::string_view path);

  const FindBlob find_;
  const OpenOptions options_;
  std::optional<Rafs> rafs_;
  std::optional<FileReader> files_;  // for read_file
};

}  // namespace accel::formats::nydus
