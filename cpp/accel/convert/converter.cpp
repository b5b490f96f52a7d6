#include "accel/convert/converter.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/convert/check_images.hpp"
#include "accel/convert/conversion.hpp"
#include "accel/convert/copier.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/location.hpp"
#include "accel/convert/make_dictionary.hpp"
#include "accel/convert/opened_locations.hpp"
#include "accel/convert/unpack_images.hpp"

namespace accel::convert {

namespace {

/// Every tag that will be written must be one, also those that get a suffix.
void check_tags(const Location& location, const formats::Capabilities& capabilities) {
  std::vector<std::string> tags = {location.tag, location.tag + capabilities.twin_tag_suffix};
  if (capabilities.external_tocs) tags.push_back(toc_image_of(location));
  for (const std::string& tag : tags) {
    if (oci::is_tag(tag)) continue;
    throw InvalidReference("target " + location.to_string() + " needs the tag '" + tag + "', which is longer than " +
                               std::to_string(oci::kMaxTagLength) +
                               " characters or has others than letters, digits, '.', '_' and '-'",
                           "choose a shorter tag");
  }
}

/// The place of the cache; nothing when there is none.
std::optional<Location> check_cache(const ConvertRequest& request, const std::vector<Location>& targets) {
  if (request.cache.location.empty() || request.cache.capacity == 0) return std::nullopt;
  Location cache = parse_cache_location(request.cache.location);
  const auto is_cache = [&](const Location& other) { return other.to_string() == cache.to_string(); };
  if (is_cache(Location::parse(request.source)) || std::any_of(targets.begin(), targets.end(), is_cache)) {
    throw ConfigError("cache " + cache.to_string() + " is the source or a target of the conversion",
                      "give the cache a tag of its own");
  }
  return cache;
}

/// Refuses a request before anything is opened: targets that overwrite each other, tags no registry takes.
std::vector<Location> check_targets(const ConvertRequest& request) {
  if (request.targets.empty()) throw ConfigError("the conversion names no target", "name at least one driver");
  const auto formats = make_formats(request);
  std::vector<Location> locations;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < request.targets.size(); ++i) {
    const TargetRequest& target = request.targets[i];
    Location location = parse_target_location(target.location);
    if (!seen.insert(location.to_string()).second) {
      throw ConfigError("two targets have the location " + location.to_string(),
                        "give each driver a tag of its own, for example with {driver} in the target");
    }
    if (location.transport == Location::Transport::registry) check_tags(location, formats[i]->capabilities());
    locations.push_back(std::move(location));
  }
  return locations;
}

}  // namespace

ConvertReport convert(const ConvertRequest& request, const Environment& environment) {
  const Location source = Location::parse(request.source);
  const std::vector<Location> targets = check_targets(request);
  const std::optional<Location> cache = check_cache(request, targets);
  return with_image_context("convert " + source.to_string(), [&] {
    OpenedLocations opened(environment);
    const OpenImage from = opened.open_source(source);
    std::vector<OpenImage> to;
    for (const Location& target : targets) to.push_back(opened.open_target(target, request.dry_run));
    const auto open = [&](const std::string& location) { return opened.open_source(Location::parse(location)); };
    std::optional<OpenImage> remembered;
    if (cache) remembered = opened.open_target(*cache, false);  // a layout that is not there is made by the first write
    return convert_image(request, from, to, environment, open, remembered ? &*remembered : nullptr);
  });
}

CopyReport copy(const CopyRequest& request, const Environment& environment) {
  const Location source = Location::parse(request.source);
  const Location target = parse_target_location(request.target);
  return with_image_context("copy " + source.to_string(), [&] {
    OpenedLocations opened(environment);
    const OpenImage from = opened.open_source(source);
    return copy_image(request, from, opened.open_target(target, false), environment);
  });
}

ConvertReport unpack(const UnpackRequest& request, const Environment& environment) {
  const Location source = Location::parse(request.source);
  const Location target = parse_target_location(request.target);
  return with_image_context("unpack " + source.to_string(), [&] {
    OpenedLocations opened(environment);
    const OpenImage from = opened.open_source(source);
    return unpack_images(request, from, opened.open_target(target, false), environment);
  });
}

DictionaryReport make_dictionary(const DictionaryRequest& request, const Environment& environment) {
  if (request.sources.empty()) throw ConfigError("a dictionary needs at least one image", "name one");
  std::vector<Location> sources;
  for (const std::string& source : request.sources) sources.push_back(Location::parse(source));
  const Location target = parse_target_location(request.target);
  return with_context("dictionary " + target.to_string(), [&] {
    OpenedLocations opened(environment);
    std::vector<OpenImage> from;
    for (const Location& source : sources) from.push_back(opened.open_source(source));
    return make_dictionary_image(request, from, opened.open_target(target, false), environment);
  });
}

CheckReport check(const std::string& source, const std::string& target, const std::vector<oci::Platform>& platforms,
                  const Environment& environment) {
  const Location left = Location::parse(source);
  const Location right = Location::parse(target);
  OpenedLocations opened(environment);
  const OpenImage from = opened.open_source(left);
  const OpenImage to = opened.open_source(right);
  JobState job{{}, Reporter(*environment.progress, from.reference)};
  return check_images(from, to, platforms, environment, job);
}

}  // namespace accel::convert
