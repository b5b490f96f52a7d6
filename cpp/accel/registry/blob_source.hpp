/// Reading parts of blobs.
#pragma once

#include <memory>

#include "accel/base/cancel.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// Random access by ranged GETs. The storage address that the registry redirects to is remembered while it works.
std::unique_ptr<io::ByteSource> make_blob_source(const Place& place, const oci::Descriptor& blob,
                                                 const CancelToken& cancel);

}  // namespace accel::registry
