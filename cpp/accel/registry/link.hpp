/// Pages of lists: the Link header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accel/registry/host.hpp"

namespace accel::registry {

/// The target of the link with relation "next" in one field value (RFC 8288), as it stands there; nothing when there
/// is none.
std::optional<std::string> parse_next_link(std::string_view field);

/// The URL of the page after `answer`; nothing on the last one. Throws RegistryError when it leads to another host or
/// back to the same page.
std::optional<net::Url> next_page(const Answer& answer, const std::string& subject);

}  // namespace accel::registry
