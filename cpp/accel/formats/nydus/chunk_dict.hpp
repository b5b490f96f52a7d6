/// Chunks that exist already, in blobs of another image: what a layer need not store again. Spec: nydus-blob.md 15.4.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// Reading is thread-safe. Takes 72 bytes a chunk.
class ChunkDict {
 public:
  /// From the bootstrap of a whole image. Throws FormatError for that of a layer, whose blob has no name yet.
  explicit ChunkDict(Rafs rafs);

  /// The chunk with this digest and uncompressed size, or null. Its `blob` is an index in `blobs`.
  [[nodiscard]] const Chunk* find(const RawDigest& digest, std::uint32_t size) const;
  /// Without the feature bit of a bootstrap inside the blob.
  [[nodiscard]] const std::vector<Blob>& blobs() const noexcept { return blobs_; }
  /// True when `id` is that of a blob of the dictionary.
  [[nodiscard]] bool has_blob(std::string_view id) const;
  /// Throws ConfigError when a layer with these parameters cannot use it, saying which differs. `compressor` matters
  /// for version 5 only, where all blobs of an image have the same.
  void check_fits(FsVersion version, std::uint32_t chunk_size, Digester digester, Compressor compressor) const;

 private:
  FsVersion version_;
  std::uint32_t chunk_size_;
  Digester digester_;
  Compressor compressor_;
  bool explicit_ids_;
  std::vector<Blob> blobs_;
  std::vector<Chunk> chunks_;  // by digest: a table of hashes would be slow for a hostile choice of digests
};

}  // namespace accel::formats::nydus
