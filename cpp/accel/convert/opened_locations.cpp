#include "accel/convert/opened_locations.hpp"

#include <utility>

namespace accel::convert {

namespace {

OpenImage image_at(const Location& location, std::shared_ptr<oci::Repository> repository) {
  return {std::move(repository), location.tag, location.to_string(), toc_image_of(location)};
}

/// What two locations share when they are in one repository.
std::string place_of(Location location) {
  location.tag.clear();
  return location.transport == Location::Transport::registry ? location.reference.name() : location.to_string();
}

}  // namespace

OpenedLocations::OpenedLocations(const Environment& environment) : client_(environment.registry, environment.log) {
  if (!environment.backends.empty()) backends_ = std::make_shared<Backends>(environment.backends, environment.log);
}

OpenImage OpenedLocations::open_source(const Location& location) {
  OpenImage image = image_at(location, open_location(location, client_, store::OpenMode::read));
  image.backends = backends_;
  return image;
}

OpenImage OpenedLocations::open_target(const Location& location, bool dry_run) {
  if (dry_run) return image_at(location, nullptr);
  std::shared_ptr<oci::Repository>& repository = targets_[place_of(location)];
  if (!repository) repository = open_location(location, client_, store::OpenMode::write);
  return image_at(location, repository);
}

}  // namespace accel::convert
