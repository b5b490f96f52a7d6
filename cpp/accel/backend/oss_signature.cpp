#include "accel/backend/oss_signature.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "accel/backend/dates.hpp"
#include "accel/hash/hmac.hpp"
#include "accel/net/text.hpp"
#include "accel/net/url.hpp"

namespace accel::backend {

namespace {

constexpr std::array<std::string_view, 3> kSubresources = {"partNumber", "uploadId", "uploads"};

/// The signed parameters in order, values decoded; those without '=' stay without.
std::string canonical_query(std::string_view query) {
  std::map<std::string, std::string> found;
  for (const std::string_view one : net::split(query, '&')) {
    const std::size_t equals = std::min(one.find('='), one.size());
    const std::string name = net::percent_decode(one.substr(0, equals));
    if (std::find(kSubresources.begin(), kSubresources.end(), name) == kSubresources.end()) continue;
    found[name] = net::percent_decode(one.substr(equals));
  }
  std::string text;
  for (const auto& [name, value] : found) text += (text.empty() ? "?" : "&") + name + value;
  return text;
}

}  // namespace

OssSigner::OssSigner(Credentials credentials) : credentials_(std::move(credentials)) {}

void OssSigner::sign(net::Request& request, std::string_view resource,
                     std::chrono::system_clock::time_point now) const {
  request.headers.set("Date", http_date(now));
  if (!credentials_.session_token.empty()) request.headers.set("x-oss-security-token", credentials_.session_token);
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : request.headers) {
    const std::string lower = net::to_lower(name);
    if (lower.starts_with("x-oss-")) fields[lower] = net::trim(value);
  }
  std::string to_sign = request.method;
  for (const char* name : {"Content-MD5", "Content-Type", "Date"}) {
    to_sign += "\n" + std::string(request.headers.get(name));
  }
  to_sign += "\n";
  for (const auto& [name, value] : fields) to_sign += name + ":" + value + "\n";
  to_sign += std::string(resource) + canonical_query(request.url.query);
  const Bytes code = hash::hmac(hash::HmacAlgorithm::sha1, as_bytes(credentials_.secret), as_bytes(to_sign));
  request.headers.set("Authorization", "OSS " + credentials_.key_id + ":" + base64_encode(code));
}

}  // namespace accel::backend
