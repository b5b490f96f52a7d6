/// What converted bytes depend on besides the input, as one line of text for cache keys.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accel::formats {

/// `<format>/<version> key=value …`; values hold no spaces. `version` changes whenever the encoder's output
/// does for the same options.
std::string make_fingerprint(std::string_view format, int version,
                             const std::vector<std::pair<std::string_view, std::string>>& values);

/// A short digest of a list of texts, for options that are lists.
std::string list_fingerprint(const std::vector<std::string>& items);

}  // namespace accel::formats
