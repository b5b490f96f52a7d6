#include "accel/net/redact.hpp"

#include <algorithm>
#include <array>

#include "accel/net/text.hpp"

namespace accel::net {

namespace {

// Parameters of the distribution API and of token servers that say nothing secret. `_state` (docker-registry's signed
// upload state) is not among them.
constexpr std::array<std::string_view, 9> kHarmless = {"digest", "mount",   "from",      "n",           "last",
                                                       "scope",  "service", "client_id", "artifactType"};

}  // namespace

std::string redact(const Url& url) {
  std::string text = url.origin() + url.path;
  char separator = '?';
  for (const auto part : split(url.query, '&')) {
    const auto name = part.substr(0, part.find('='));
    text += separator;
    separator = '&';
    if (std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end()) {
      text += part;
    } else {
      text += name.size() == part.size() ? "…" : std::string(name) + "=…";  // a bare value may be a token
    }
  }
  return text;
}

std::string redact(std::string_view url) {
  const auto parsed = Url::parse(url);
  return parsed ? redact(*parsed) : "(unreadable URL)";
}

}  // namespace accel::net
