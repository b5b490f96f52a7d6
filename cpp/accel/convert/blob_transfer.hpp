/// Takes a blob over from one repository into another, unchanged.
#pragma once

#include <string>

#include "accel/backend/backend.hpp"
#include "accel/base/cancel.hpp"
#include "accel/convert/tally.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// How a blob came to be in the target.
enum class Transfer : unsigned char { existed, mounted, copied };

/// Makes `blob` of `from` available in `to` by the cheapest way there is: nothing when `to` has it, a mount or link
/// where both places can do that, else a copy whose digest and size are verified on the way. Reports as kind "push"
/// with `id`. Reading and writing run on two threads; memory: 1 MiB besides what the repositories take.
Transfer transfer_blob(const oci::Descriptor& blob, oci::Repository& from, oci::Repository& to, JobState& job,
                       const std::string& id, const CancelToken& cancel);

/// Copies `blob` of `from` into a backend, digest and size verified.
void copy_blob(const oci::Descriptor& blob, oci::Repository& from, backend::BlobBackend& to, JobState& job,
               const std::string& id, const CancelToken& cancel);

}  // namespace accel::convert
