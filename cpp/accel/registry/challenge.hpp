/// What a WWW-Authenticate field asks for.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace accel::registry {

/// One challenge. Names are in lower case; values are unquoted.
struct Challenge {
  std::string scheme;  ///< "bearer", "basic"
  std::map<std::string, std::string> parameters;

  /// A parameter, "" when absent.
  [[nodiscard]] std::string get(const std::string& name) const;
  friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// The challenges of one field value, which may hold several (RFC 9110 section 11.6.1). Reading stops at the first
/// malformed place; what came before it is kept. At most 16 challenges with 32 parameters each.
std::vector<Challenge> parse_challenges(std::string_view field);

}  // namespace accel::registry
