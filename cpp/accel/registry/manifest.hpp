/// Manifests of a repository: reading, asking for, writing.
#pragma once

#include <optional>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// The manifest or index under a tag or digest, verified against both digests that are known: the one asked for and
/// Docker-Content-Digest. Throws InvalidReference for text that is neither tag nor digest.
oci::RawManifest get_manifest(const Place& place, const std::string& tag_or_digest, const CancelToken& cancel);

/// Its descriptor; nothing when absent. HEAD, or GET where the registry's HEAD says too little. Mirrors are not asked:
/// they may not know yet what a tag means now.
std::optional<oci::Descriptor> stat_manifest(const Place& place, const std::string& tag_or_digest,
                                             const CancelToken& cancel);

/// Stores it, with `tag` unless that is empty, and sees to it that a `subject` is found by the subject's digest also
/// where the registry does not do that itself.
void put_manifest(const Place& place, const oci::RawManifest& manifest, const std::string& tag,
                  const CancelToken& cancel);

}  // namespace accel::registry
