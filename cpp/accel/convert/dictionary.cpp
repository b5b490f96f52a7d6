#include "accel/convert/dictionary.hpp"

#include "accel/base/error.hpp"
#include "accel/convert/decoded_layer.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"

namespace accel::convert {

void load_dictionary(formats::Format& format, const OpenImage& image, const std::vector<oci::Platform>& platforms,
                     const Environment& environment, JobState& job) {
  with_context("dictionary " + image.reference, [&] {
    const Image documents = read_image(*image.repository, image.tag, platforms, environment.cancel);
    const std::vector<oci::Descriptor>& layers = documents.images().front()->manifest.layers;
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
