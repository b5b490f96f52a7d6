/// The tags of a repository.
#pragma once

#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// All tags, in the registry's order. Throws NotFound when the repository does not exist.
std::vector<std::string> list_tags(const Place& place, const CancelToken& cancel);

}  // namespace accel::registry
