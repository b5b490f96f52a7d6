/// What a cache image becomes when a conversion has used and made layers. Does no I/O. Spec: service.md section 6.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "accel/cache/cache_image.hpp"
#include "accel/cache/policy.hpp"
#include "accel/cache/record.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::cache {

/// The layers of one platform's image that were found or made, lowest first.
struct PlatformRecords {
  oci::Platform platform;
  std::vector<LayerRecord> records;
};

struct Change {
  std::vector<PlatformRecords> platforms;
  /// Target blobs that are gone or damaged: records that name one are dropped, also if others added them meanwhile.
  std::set<hash::Digest> dead;
};

struct UpdateOptions {
  std::string version;  ///< that manifests get; records of another are dropped. "": each keeps what it has
  Capacity capacity;    ///< of each manifest
};

/// The documents to write, each only after those it names.
struct Update {
  std::vector<oci::RawManifest> manifests;  ///< new children of an index
  oci::RawManifest root;                    ///< what the tag must point to: this very descriptor, these very bytes
  std::size_t added = 0, dropped = 0;       ///< records, over all manifests
};

/// The config of every manifest made here: `{}`, an empty OCI image config.
oci::Descriptor empty_config();
inline constexpr std::string_view kEmptyConfig = "{}";

/// Merges `change` into `old`. Nothing when there is nothing to write.
///
/// A new cache is a manifest for one platform and an index for several. A manifest stays one until a second platform
/// comes, then it is the first child of an index; an index stays one. Media types stay as they are found. Records that
/// are there keep their order, new ones follow; a new target for the same key takes the old one's place.
std::optional<Update> update(const std::optional<CacheImage>& old, const Change& change, const UpdateOptions& options);

}  // namespace accel::cache
