/// The chunks of one blob: fetched, decrypted, decompressed and verified. Spec: nydus-blob.md 5 to 8, 11.5, 12.1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/forward_reader.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// Not thread-safe.
class ChunkReader {
 public:
  /// `meta` is what the blob has of chunk information: none in v5 and TARFS images. `digests` is the array of chunk
  /// digests where the blob has one, else empty. `data` gives the file with the chunk data.
  ChunkReader(const Blob& blob, FsVersion version, std::optional<BlobMeta> meta, Buffer digests, ForwardReader data);

  /// The content of a chunk that the bootstrap lists as `chunk`; valid until the next call. With ForwardReader::whole,
  /// chunks before it that were not read yet are read and verified on the way. Throws FormatError where bootstrap and
  /// chunk information differ, DigestMismatch.
  ByteView read(const Chunk& chunk);
  /// Verifies the chunks that nobody has read. Without chunk information there are none.
  void read_rest();
  /// See ForwardReader::finish.
  ForwardReader::Digests finish() { return data_.finish(); }
  [[nodiscard]] const Blob& blob() const noexcept { return blob_; }
  [[nodiscard]] const BlobMeta* meta() const noexcept { return meta_ ? &*meta_ : nullptr; }
  [[nodiscard]] io::ByteSource& source() const noexcept { return data_.source(); }

 private:
  [[nodiscard]] ChunkPlace place_of(const Chunk& chunk) const;
  void read_to(std::uint32_t index);
  ByteView content_of(const ChunkPlace& place, std::uint32_t index);
  ByteView decode(const ChunkPlace& place);
  void load_unit(const ChunkPlace& place);
  void check_crc(ByteView content, const ChunkPlace& place, const Chunk* chunk, std::uint32_t index) const;
  [[nodiscard]] RawDigest listed_digest(std::uint32_t index) const;
  void check_digest(ByteView content, const RawDigest& digest, std::uint32_t index) const;

  const Blob blob_;
  const FsVersion version_;
  const std::optional<BlobMeta> meta_;
  const Buffer digests_;
  ForwardReader data_;
  std::vector<bool> seen_;             // by index: read and verified
  std::uint32_t next_ = 0;             // all before it were read
  Buffer stored_, content_;            // of the chunk read last
  std::optional<std::uint32_t> unit_;  // the batch or slice in unit_content_
  Buffer unit_content_;
};

}  // namespace accel::formats::nydus
