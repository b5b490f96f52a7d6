/// What the bootstrap layer needs of a layer that was converted before, from the layer's blob.
#pragma once

#include <memory>

#include "accel/formats/nydus/layer_part.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Reads bootstrap, chunk information and TOC, by their places at the blob's end. Throws FormatError for anything but a
/// RAFS blob with a bootstrap inside.
std::shared_ptr<const NydusPart> read_stored_part(io::ByteSource& blob);

}  // namespace accel::formats::nydus
