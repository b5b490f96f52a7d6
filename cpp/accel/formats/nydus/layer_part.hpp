/// What the bootstrap layer needs of each layer. Spec: nydus-blob.md 8.6, 16, service.md 5.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/stored_meta.hpp"

namespace accel::formats::nydus {

struct NydusPart final : LayerPart {
  Buffer bootstrap;  ///< the layer's own bootstrap, uncompressed
  StoredMeta meta;   ///< what becomes `image/<digest>.blob.meta`
  RawDigest toc_digest{};
  std::uint32_t toc_size = 0;
};

}  // namespace accel::formats::nydus
