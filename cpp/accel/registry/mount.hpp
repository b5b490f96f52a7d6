/// Sharing a blob between repositories of one registry.
#pragma once

#include "accel/base/cancel.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// Makes `blob` of repository `from`, on the same host, available in `place`. False when the registry will not.
bool mount_blob(const Place& place, const oci::Descriptor& blob, const std::string& from, const CancelToken& cancel);

}  // namespace accel::registry
