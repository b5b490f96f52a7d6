#include "accel/convert/dictionary.hpp"

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/convert/decoded_layer.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"

namespace accel::convert {

namespace {

/// The first image that is wanted. Chunks are for any platform, so that a single image always is.
const ImageNode& choose(const Image& documents, const std::vector<oci::Platform>& platforms) {
  const std::vector<const ImageNode*> images = documents.images();
  const auto wanted =
      std::ranges::find_if(images, [&](const ImageNode* node) { return is_wanted(node->platform, platforms); });
  return wanted == images.end() ? *images.front() : **wanted;
}

}  // namespace

void load_dictionary(formats::Format& format, const OpenImage& image, const std::vector<oci::Platform>& platforms,
                     const Environment& environment, JobState& job) {
  with_context("dictionary " + image.reference, [&] {
    const Image documents = read_image(*image.repository, image.tag, {}, environment.cancel);
    const ImageNode& chosen = choose(documents, platforms);
    refuse_encrypted(chosen);
    const std::vector<oci::Descriptor>& layers = chosen.manifest.layers;
    if (layers.empty()) throw FormatError("it has no layers", "name an image of driver " + std::string(format.name()));
    CancelSource stop(environment.cancel);
    with_layer_context(layers.back().digest, [&] {
      DecodedLayer tar(layers.back(), *image.repository, environment.decode_limits, job, stop);
      format.set_dictionary(tar, layers);
      tar.verify({});
    });
  });
}

}  // namespace accel::convert
