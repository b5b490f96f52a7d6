/// The tags of a repository.
#pragma once

#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/registry/page.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// All tags, in the registry's order. Throws NotFound when the repository does not exist.
std::vector<std::string> list_tags(const Place& place, const CancelToken& cancel);

/// One page of them; `from` as in NamePage. Mirrors are not asked.
TagPage list_tag_page(const Place& place, const std::string& from, const CancelToken& cancel);

}  // namespace accel::registry
