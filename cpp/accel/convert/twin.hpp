/// Whether a converted image belongs to its source as that is now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/oci/platform.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

enum class TwinState : unsigned char { missing, stale, fresh };

struct Twin {
  TwinState state = TwinState::missing;
  std::string reason;  ///< in words, for logs; "" when fresh
};

/// What to compare. The repositories must outlive the call.
struct TwinRequest {
  oci::Repository& source;
  hash::Digest source_digest;  ///< of the manifest or index that the source's tag names now
  oci::Repository& target;
  std::string target_name;               ///< tag or digest
  std::vector<oci::Platform> platforms;  ///< that are wanted of the source; empty: all
  bool by_subject = false;  ///< a target without its tag counts when it points to the source as its subject
};

/// Reads manifests only. A target is fresh when the source digests that it records (annotations of nydus and Harbor)
/// are those of the source's manifests for `platforms`. One that records none, as eStargz without Harbor's annotations,
/// is when the configs say the same but for the layers: an image that was built again to the very same config, time and
/// history included, then passes for the old one. Throws as read_image does, but NotFound of the target is an answer.
Twin find_twin(const TwinRequest& request, const CancelToken& cancel);

/// Compressed bytes of the layers of an image's wanted platforms: what `only_if` of a profile bounds.
std::uint64_t image_size(oci::Repository& repository, const std::string& tag_or_digest,
                         const std::vector<oci::Platform>& platforms, const CancelToken& cancel);

}  // namespace accel::convert
