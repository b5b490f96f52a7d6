/// Which layers of a stored image are what, by their descriptors. Spec: service.md 5.
#pragma once

#include <vector>

#include "accel/oci/descriptor.hpp"

namespace accel::formats::nydus {

/// The image's own layer, or null.
const oci::Descriptor* find_bootstrap_layer(const std::vector<oci::Descriptor>& layers);

/// True for a RAFS blob.
bool is_blob_layer(const oci::Descriptor& layer);

}  // namespace accel::formats::nydus
