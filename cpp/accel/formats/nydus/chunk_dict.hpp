/// Chunks that exist already, in blobs of another image: what a layer need not store again. Spec: nydus-blob.md 15.4.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

class ChunkDict {
 public:
  /// From the bootstrap of a whole image.
  explicit ChunkDict(Rafs rafs);

  /// The chunk with this digest and uncompressed size, or null. Its `blob` is an index in `blobs`.
  [[nodiscard]] const Chunk* find(const RawDigest& digest, std::uint32_t size) const;
  [[nodiscard]] const std::vector<Blob>& blobs() const noexcept { return blobs_; }
  /// The index of the blob with this id in `blobs`; nothing when it is not the dictionary's.
  [[nodiscard]] bool has_blob(std::string_view id) const;
  /// Throws ConfigError when a layer with these parameters cannot use it, saying which differs.
  void check_fits(FsVersion version, std::uint32_t chunk_size, Digester digester) const;

 private:
  struct HashDigest {
    std::size_t operator()(const RawDigest& digest) const noexcept;
  };
  FsVersion version_;
  std::uint32_t chunk_size_;
  Digester digester_;
  std::vector<Blob> blobs_;
  std::vector<Chunk> chunks_;
  std::unordered_map<RawDigest, std::uint32_t, HashDigest> by_digest_;
};

}  // namespace accel::formats::nydus
