/// Reading blobs front to back.
#pragma once

#include <memory>

#include "accel/base/cancel.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// True when the repository has the blob (mirrors are not asked).
bool has_blob(const Place& place, const oci::Descriptor& blob, const CancelToken& cancel);

/// The blob's bytes as oci::Repository::open_blob promises them. A broken transfer goes on from the last byte, from
/// another mirror if need be.
std::unique_ptr<io::ByteStream> open_blob(const Place& place, const oci::Descriptor& blob, const CancelToken& cancel);

}  // namespace accel::registry
