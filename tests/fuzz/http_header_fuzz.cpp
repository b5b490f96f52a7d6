// What registries write into header fields: URLs, challenges, links, ranges, dates.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/retry.hpp"
#include "accel/net/url.hpp"
#include "accel/registry/challenge.hpp"
#include "accel/registry/content_range.hpp"
#include "accel/registry/docker_config.hpp"
#include "accel/registry/link.hpp"

namespace {

using namespace accel;

void check(bool good) {
  if (!good) std::abort();
}

bool fits_a_request_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F) return false;
  }
  return true;
}

void check_url(const net::Url& url) {
  check(net::Url::parse(url.to_string()) == url);
  check(fits_a_request_line(url.target()) && url.target().starts_with('/'));
  check(fits_a_request_line(url.authority()));
  if (!url.userinfo.empty())
    check(net::redact(url).find('@') == std::string::npos || url.path.find('@') != std::string::npos ||
          url.query.find('@') != std::string::npos);
}

void check_ranges(std::string_view text) {
  if (const auto range = registry::parse_content_range(text)) {
    check(range->first <= range->last && (!range->total || range->last < *range->total));
  }
  registry::parse_upload_range(text);
}

void check_challenges(std::string_view text) {
  const auto challenges = registry::parse_challenges(text);
  check(challenges.size() <= 16);
  for (const auto& challenge : challenges) check(!challenge.scheme.empty() && challenge.parameters.size() <= 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const net::Url base = *net::Url::parse("https://registry.test:5000/v2/app/blobs/uploads/1?state=x");
  if (const auto url = net::Url::parse(text)) check_url(*url);
  if (const auto url = base.resolve(text)) check_url(*url);
  check_ranges(text);
  check_challenges(text);
  if (const auto target = registry::parse_next_link(text)) check(target->size() < text.size());
  check(net::parse_retry_after(text, {}).count() >= 0);
  try {
    registry::find_docker_auth(text, "config.json", "registry.test");
  } catch (const ConfigError&) {
  }
  return 0;
}
