/// Layers that already are of a target's format.
#pragma once

#include <string>

#include "accel/convert/layer_opener.hpp"
#include "accel/convert/layer_pipeline.hpp"

namespace accel::convert {

/// Reads `layer` with the reader of `target`'s format and verifies all of it: blob, chunks, TOC and diffID. If that
/// holds, its external TOC (if it has one) is taken over into `target`'s repository and the result says `keep`;
/// if not, the result says `convert` and why. Throws what reading the source or writing the target throws, but not
/// what is wrong with the layer's format: the conversion that follows judges its bytes.
ConvertedLayer try_keep_layer(const PlannedLayer& layer, oci::Repository& source, const LayerTarget& target,
                              LayerOpener& opener, JobState& job, const CancelToken& cancel);

}  // namespace accel::convert
