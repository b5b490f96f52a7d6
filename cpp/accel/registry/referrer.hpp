/// Manifests that point to others by `subject`: the referrers API, and the tag that stands in for it.
#pragma once

#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// The referrers of `subject`; empty when there are none.
std::vector<oci::Descriptor> list_referrers(const Place& place, const hash::Digest& subject, const CancelToken& cancel);

/// For a registry without the referrers API: when `manifest` has a subject, lists it in the index that the subject's
/// fallback tag names. Read, changed, written and read again; another writer's entries survive.
void add_to_fallback_tag(const Place& place, const oci::RawManifest& manifest, const CancelToken& cancel);

/// "sha256-<hex>". Spec: OCI distribution-spec, "Referrers Tag Schema".
std::string fallback_tag(const hash::Digest& subject);

}  // namespace accel::registry
