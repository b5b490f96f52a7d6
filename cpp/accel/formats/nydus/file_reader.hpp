/// The files of a RAFS file system: their content put together from chunks of several blobs.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/stored_blob.hpp"

namespace accel::formats::nydus {

/// Opens the blob with that index in Rafs::blobs.
using OpenBlob = std::function<std::unique_ptr<StoredBlob>(std::uint32_t blob)>;

/// Not thread-safe. Keeps what several files share, and what was read last, in a cache of 16 MiB.
class FileReader {
 public:
  /// `rafs` must outlive it. Blobs are opened when they are first needed.
  FileReader(const Rafs& rafs, OpenBlob open_blob);

  /// Reads content of a regular file from `offset`; see LayerReader::read_file.
  std::size_t read(const Inode& file, std::uint64_t offset, MutableByteView out);
  /// Gives out the whole content of a regular file in pieces.
  void stream(const Inode& file, const std::function<void(ByteView)>& sink);
  /// Inode numbers of the files with content in the order in which that is stored, so that reading them all goes
  /// through each blob once, as far as chunks are not shared.
  [[nodiscard]] std::vector<std::uint32_t> in_stored_order() const;
  /// SHA-256 of the content of every regular file, by inode number. Goes through the blobs in the order in which they
  /// are stored, which is that of the files unless chunks are shared.
  std::vector<RawDigest> digests(const CancelToken& cancel);
  /// The blob, opened; null when nothing has needed it.
  [[nodiscard]] StoredBlob* opened(std::uint32_t blob) const noexcept { return blobs_[blob].get(); }
  StoredBlob& blob(std::uint32_t blob);

 private:
  /// A chunk's content, valid until the next call.
  ByteView chunk(std::uint32_t position);
  void keep(std::uint32_t position, ByteView content);
  RawDigest digest_of(const Inode& file, const CancelToken& cancel);
  [[nodiscard]] std::span<const std::uint32_t> chunks_of(const Inode& file) const;

  struct Kept {
    std::uint32_t position;
    Buffer content;
  };

  const Rafs& rafs_;
  const OpenBlob open_blob_;
  std::vector<std::unique_ptr<StoredBlob>> blobs_;
  std::vector<bool> shared_;  // by position in Rafs::chunks: several files, or one several times, use it
  std::list<Kept> cache_;     // the last used first
  std::unordered_map<std::uint32_t, std::list<Kept>::iterator> cached_;
  std::size_t cached_bytes_ = 0;
};

}  // namespace accel::formats::nydus
