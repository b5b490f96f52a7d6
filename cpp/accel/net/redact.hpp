/// URLs for people and logs: without passwords and signatures.
#pragma once

#include <string>
#include <string_view>

#include "accel/net/url.hpp"

namespace accel::net {

/// The URL without user information, and with the value of every query parameter hidden ("…") that is not known to
/// be harmless: storage URLs carry signatures under many names, so the list is of what may be shown.
std::string redact(const Url& url);

/// The same for a URL in text; text that is no URL gives "(unreadable URL)".
std::string redact(std::string_view url);

}  // namespace accel::net
