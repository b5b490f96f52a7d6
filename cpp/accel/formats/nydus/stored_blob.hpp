/// One blob of a bootstrap's table, opened: the RAFS blob with its sections, and the file with the chunk data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/chunk_reader.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "accel/hash/digest.hpp"

namespace accel::formats::nydus {

/// Where the bytes of a blob are. `rafs` and `data` are the same file unless the chunk data is in an OCI layer.
struct BlobFiles {
  std::shared_ptr<io::ByteSource> rafs, data;
  hash::Digest rafs_digest = {}, data_digest = {};  ///< what they must be; empty: not known
};

/// Not thread-safe.
class StoredBlob {
 public:
  /// Mode::whole also reads and verifies every section of the RAFS blob. Throws FormatError, DigestMismatch.
  StoredBlob(const Blob& blob, FsVersion version, BlobFiles files, ForwardReader::Mode mode, const OpenOptions& options,
             const CancelToken& cancel);

  [[nodiscard]] ByteView read(const Chunk& chunk) { return chunks_->read(chunk); }
  /// The blob's chunk information; null for v5.
  [[nodiscard]] const BlobMeta* meta() const noexcept { return chunks_->meta(); }
  /// Mode::whole: verifies what nobody has read, and the digests of the files. Called once, last.
  void finish();

 private:
  void check_sections(const Blob& blob, FsVersion version, const BlobMeta* meta, const OpenOptions& options);
  void check_toc(const Blob& blob, const Toc& toc, const BlobMeta* meta) const;
  void check_bootstrap(const Blob& blob, const Section& place, const Toc* toc, const OpenOptions& options) const;

  const BlobFiles files_;
  std::vector<Section> sections_;
  Buffer digests_;                         // handed on to chunks_
  std::optional<RawDigest> data_section_;  // what the TOC says of the data and the header behind it
  std::optional<std::uint64_t> watched_;
  std::optional<ChunkReader> chunks_;
};

/// The bootstrap inside a RAFS blob, uncompressed and verified against the TOC; empty when it has none.
Buffer read_inlined_bootstrap(io::ByteSource& rafs_blob, std::uint64_t max_bytes);

}  // namespace accel::formats::nydus
