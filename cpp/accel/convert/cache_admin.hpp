/// Looks into a remote cache image and takes records out of it. Spec: interfaces.md, service.md section 6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accel/convert/request.hpp"

namespace accel::convert {

/// One remembered layer.
struct CacheRecordReport {
  std::string platform;     ///< "" when the cache does not say it
  std::string format;       ///< "" when nobody knows how it was made: then no conversion uses it
  std::string fingerprint;  ///< digest of format, options and encoder version; "" as above
  std::string source, target, media_type;
  std::uint64_t target_size = 0;
  std::uint64_t last_use = 0;  ///< counted in records added to its manifest; 0: never noted
};

struct CacheInspectReport {
  std::string reference, digest, media_type;
  std::vector<std::string> versions;  ///< of its manifests, each once
  std::vector<CacheRecordReport> records;
  std::vector<std::string> warnings;  ///< what could not be read
};

/// Throws NotFound when there is no cache, UnsupportedError when something else stands there, and what reading throws.
CacheInspectReport inspect_cache(const std::string& location, const Environment& environment);

struct CachePruneRequest {
  std::string location;
  std::optional<std::size_t> keep;  ///< so many of the most recently used records of each platform
  bool dead = false;                ///< drop records whose target blob is gone
  bool dry_run = false;             ///< say only what would go
};

struct CachePruneReport {
  std::string reference, digest;  ///< of the image as it is now
  std::size_t records = 0;        ///< before
  std::size_t dropped = 0;
  std::size_t dead = 0;  ///< records among them whose blob is gone
};

/// Throws what inspect_cache and writing throw.
CachePruneReport prune_cache(const CachePruneRequest& request, const Environment& environment);

}  // namespace accel::convert
