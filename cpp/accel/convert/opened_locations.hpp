/// The repositories of one job, each opened once.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "accel/convert/conversion.hpp"
#include "accel/convert/location.hpp"
#include "accel/convert/request.hpp"
#include "accel/registry/client.hpp"

namespace accel::convert {

/// Opens locations over one registry client. Targets in the same place share a repository, so that an archive that
/// takes several images is one session.
class OpenedLocations {
 public:
  explicit OpenedLocations(const Environment& environment);

  OpenImage open_source(const Location& location);
  /// With `dry_run`, nothing is opened and the repository is null: opening a layout for writing makes it.
  OpenImage open_target(const Location& location, bool dry_run);

 private:
  registry::Client client_;
  std::shared_ptr<Backends> backends_;                               // of all sources; null when there are none
  std::map<std::string, std::shared_ptr<oci::Repository>> targets_;  // by place
};

}  // namespace accel::convert
