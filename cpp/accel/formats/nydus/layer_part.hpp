/// What the bootstrap layer needs of each layer. Spec: nydus-blob.md 8.6, 16, service.md 5.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

struct NydusPart final : LayerPart {
  Buffer bootstrap;  ///< the layer's own bootstrap, uncompressed
  /// `image/<digest>.blob.meta`: the uncompressed CI padded to 4096 bytes and the CI header; empty for a layer without
  /// chunks of its own and for v5.
  Buffer blob_meta;
  RawDigest toc_digest{};
  std::uint32_t toc_size = 0;
};

}  // namespace accel::formats::nydus
