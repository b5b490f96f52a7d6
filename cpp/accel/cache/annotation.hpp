/// Annotations of cache manifests and their layers. Keys are written to registries: never rename one.
/// Spec: service.md section 6, docs/cache.md.
#pragma once

#include <string_view>

namespace accel::cache {

// Those of the reference system, which it writes and reads whatever the format of the layers is.
/// On a manifest: records of another version are ignored.
inline constexpr std::string_view kVersionKey = "containerd.io/snapshot/nydus-cache-version";
/// On a layer: digest of the source layer it was made of.
inline constexpr std::string_view kSourceDigestKey = "containerd.io/snapshot/nydus-source-digest";

// Our own; all begin with kOwnPrefix.
inline constexpr std::string_view kOwnPrefix = "io.acceleration-service.cache.";
/// On a manifest: `os/arch[/variant]`, since its config is empty and a single manifest has no index to say it.
inline constexpr std::string_view kPlatformKey = "io.acceleration-service.cache.platform";
/// On a layer: as kSourceDigestKey. The reference would mistake all records of a source layer for one another, so only
/// one of them has its key; this one is on all of ours.
inline constexpr std::string_view kSourceKey = "io.acceleration-service.cache.source";
/// On a layer: RecordKey::fingerprint.
inline constexpr std::string_view kFingerprintKey = "io.acceleration-service.cache.fingerprint";
/// On a layer: name of the format.
inline constexpr std::string_view kFormatKey = "io.acceleration-service.cache.format";
/// On a layer: LayerRecord::last_use, decimal.
inline constexpr std::string_view kLastUseKey = "io.acceleration-service.cache.last-use";
/// On a layer: what else an image needs of it, as a JSON object (record.hpp).
inline constexpr std::string_view kLayerKey = "io.acceleration-service.cache.layer";

}  // namespace accel::cache
