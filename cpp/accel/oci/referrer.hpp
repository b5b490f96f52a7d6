/// Manifests that point to another one by `subject`: signatures, SBOMs, converted images.
/// Spec: distribution-spec v1.1, "Listing Referrers".
#pragma once

#include <optional>
#include <string>

#include "accel/oci/manifest.hpp"

namespace accel::oci {

/// The digest that `manifest` names as its subject; nothing when it has none or is no manifest or index.
/// Throws FormatError when its document is bad.
std::optional<Digest> subject_of(const RawManifest& manifest);

/// The descriptor a list of referrers holds for `manifest`: with its annotations, and as artifact type its own or, for
/// an image manifest without one, the media type of its config. Throws FormatError when its document is bad.
Descriptor describe_referrer(const RawManifest& manifest);

/// The tag under which an index of referrers stands where nothing can list them: "sha256-" and the hex digits.
std::string referrers_tag(const Digest& subject);

}  // namespace accel::oci
