/// Writing blobs.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/base/cancel.hpp"
#include "accel/oci/repository.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// A writer that sends a blob in chunks while it is written. A blob that ends within the first chunk is sent in one
/// request, and not at all when the repository has it.
std::unique_ptr<oci::BlobWriter> create_blob(const Place& place, std::uint64_t size_hint, const CancelToken& cancel);

/// A writer that sends a blob of `size` bytes in one request while it is written and keeps nothing; small ones as
/// create_blob does. A broken connection is a RegistryError with code UPLOAD_LOST.
std::unique_ptr<oci::BlobWriter> stream_blob(const Place& place, std::uint64_t size, const CancelToken& cancel);

}  // namespace accel::registry
