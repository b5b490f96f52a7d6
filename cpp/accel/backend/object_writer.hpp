/// Streams a blob into an object store, which learns its name last.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/backend/object_place.hpp"
#include "accel/oci/repository.hpp"

namespace accel::backend {

/// A writer for one blob; docs/backends.md says which requests it makes. `size_hint` may be 0.
std::unique_ptr<oci::BlobWriter> make_object_writer(std::shared_ptr<ObjectPlace> place, std::uint64_t size_hint,
                                                    const CancelToken& cancel);

}  // namespace accel::backend
