/// Layers' file systems laid over each other. Spec: rafs-v6.md 17, corrections.md 1, 10.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "accel/formats/nydus/chunk_dict.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/hash/digest.hpp"

namespace accel::formats::nydus {

/// One layer as it is merged.
struct MergeLayer {
  Rafs rafs;          ///< of the layer's own bootstrap
  hash::Digest blob;  ///< digest and size of its RAFS blob
  std::uint64_t blob_size = 0;
  RawDigest toc_digest{};  ///< of the RAFS blob's TOC; used for kSeparate blobs
  std::uint32_t toc_size = 0;
};

/// The file system of the whole image, lowest layer first. Names are linear work. `dictionary` (or null) tells own
/// blobs from the dictionary's. `prefetch` are the patterns of the prefetch table, not yet checked (rafs-v6.md 14).
/// Throws FormatError when layers do not fit together: chunk size, version, digester.
Rafs merge(std::vector<MergeLayer> layers, const ChunkDict* dictionary, const std::vector<std::string>& prefetch);

}  // namespace accel::formats::nydus
