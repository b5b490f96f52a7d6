/// Which layers of a stored image are what, by their descriptors. Spec: service.md 5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/oci/descriptor.hpp"

namespace accel::formats::nydus {

/// The text of an annotation; "" when the layer lacks it.
std::string annotation(const oci::Descriptor& layer, std::string_view key);

/// The image's own layer, or null.
const oci::Descriptor* find_bootstrap_layer(const std::vector<oci::Descriptor>& layers);

/// True for a RAFS blob.
bool is_blob_layer(const oci::Descriptor& layer);

}  // namespace accel::formats::nydus
