#include "accel/formats/nydus/stored_layers.hpp"

#include <algorithm>

#include "accel/formats/nydus/layout.hpp"
#include "accel/oci/annotation.hpp"

namespace accel::formats::nydus {

const oci::Descriptor* find_bootstrap_layer(const std::vector<oci::Descriptor>& layers) {
  const auto found = std::find_if(layers.rbegin(), layers.rend(), [](const oci::Descriptor& layer) {
    return annotation(layer, kBootstrapAnnotation) == "true";
  });
  return found == layers.rend() ? nullptr : &*found;
}

bool is_blob_layer(const oci::Descriptor& layer) {
  return layer.media_type == kBlobMediaType || annotation(layer, kBlobAnnotation) == "true";
}

}  // namespace accel::formats::nydus
