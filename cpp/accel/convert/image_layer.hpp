/// The layer that some formats add to an image, made of all its converted layers (formats::Capabilities::image_layer).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "accel/convert/image.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/planner.hpp"
#include "accel/crypt/keys.hpp"

namespace accel::convert {

/// An image's own layer as it is in the target's repository.
struct MadeImageLayer {
  oci::Descriptor descriptor;
  formats::ImageResult result;
  std::vector<std::string> notes;
};

/// By source image.
using ImageLayers = std::map<const ImageNode*, MadeImageLayer>;

/// What formats::Format::encode_image takes: the image with its `layers`, one for each of `plan.layers`.
formats::ConvertedImage collect_layers(const ImageNode& image, const std::string& reference, const Plan& plan,
                                       const std::vector<ConvertedLayer>& layers);

/// Makes the own layer of `image`, which stands at `reference`, from its `layers` (one for each of `plan.layers`, of
/// one target) and stores it in the repository of `target`. Throws what formats::Format::encode_image and the
/// repository throw.
/// The layer is encrypted for `recipients` if there are any.
MadeImageLayer make_image_layer(const ImageNode& image, const std::string& reference, const Plan& plan,
                                const std::vector<ConvertedLayer>& layers, const LayerTarget& target,
                                const crypt::Recipients& recipients, const LayerContext& context,
                                const CancelToken& cancel);

/// Reads and verifies an image whose layers all were of the target's format already. Throws FormatError,
/// DigestMismatch.
void verify_whole_image(const ImageNode& image, LayerOpener& opener, const CancelToken& cancel);

}  // namespace accel::convert
