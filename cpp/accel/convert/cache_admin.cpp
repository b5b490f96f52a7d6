#include "accel/convert/cache_admin.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/cache/cache_image.hpp"
#include "accel/cache/remote.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/location.hpp"
#include "accel/convert/opened_locations.hpp"

namespace accel::convert {

namespace {

/// The image with the records of all versions.
cache::ReadResult read(const OpenImage& place, const Environment& environment) {
  cache::ReadResult result = cache::read_cache(*place.repository, place.tag, {}, environment.cancel);
  if (!result.image) {
    throw NotFound("there is no cache image", RegistryError::Fields{}, "check the reference; conversions make it");
  }
  if (!result.image->is_cache) throw UnsupportedError("the image is no cache image");
  return result;
}

std::size_t count_records(const cache::CacheImage& image) {
  std::size_t count = 0;
  for (const cache::CacheManifest& manifest : image.manifests) count += manifest.records.size();
  return count;
}

}  // namespace

CacheInspectReport inspect_cache(const std::string& location, const Environment& environment) {
  const Location where = Location::parse(location);
  return with_context("cache " + where.to_string(), [&] {
    OpenedLocations opened(environment);
    cache::ReadResult result = read(opened.open_source(where), environment);
    const cache::CacheImage& image = *result.image;
    CacheInspectReport report;
    report.reference = where.to_string();
    report.digest = image.root.descriptor.digest.to_string();
    report.media_type = image.root.descriptor.media_type;
    report.warnings = std::move(result.warnings);
    std::set<std::string> versions;
    for (const cache::CacheManifest& manifest : image.manifests) {
      versions.insert(manifest.version);
      const std::string platform = manifest.platform.os.empty() ? "" : manifest.platform.to_string();
      for (const cache::LayerRecord& record : manifest.records) {
        report.records.push_back({platform, record.format, record.key.fingerprint.to_string(),
                                  record.key.source.to_string(), record.target.digest.to_string(),
                                  record.target.media_type, record.target.size, record.last_use});
      }
    }
    report.versions.assign(versions.begin(), versions.end());
    return report;
  });
}

CachePruneReport prune_cache(const CachePruneRequest& request, const Environment& environment) {
  const Location where = parse_cache_location(request.location);
  return with_context("cache " + where.to_string(), [&] {
    OpenedLocations opened(environment);
    const OpenImage place = request.dry_run ? opened.open_source(where) : opened.open_target(where, false);
    std::optional<cache::CacheImage> image = read(place, environment).image;
    CachePruneReport report;
    report.reference = where.to_string();
    report.digest = image->root.descriptor.digest.to_string();
    report.records = count_records(*image);
    cache::Change change;
    if (request.dead) change.dead = cache::find_dead(*place.repository, *image, environment.cancel);
    for (const cache::CacheManifest& manifest : image->manifests) {
      report.dead += static_cast<std::size_t>(
          std::count_if(manifest.records.begin(), manifest.records.end(),
                        [&](const cache::LayerRecord& record) { return change.dead.contains(record.target.digest); }));
    }
    cache::PushOptions options;
    options.clock = environment.clock;
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    options.update.capacity = {request.keep.value_or(kAll), kAll};
    if (request.dry_run) {
      const auto update = cache::update(image, change, options.update);
      report.dropped = update ? update->dropped : 0;
      return report;
    }
    const cache::PushResult pushed =
        cache::push_cache(*place.repository, place.tag, change, std::move(image), options, environment.cancel);
    report.dropped = pushed.dropped;
    report.digest = pushed.root.digest.to_string();
    return report;
  });
}

}  // namespace accel::convert
