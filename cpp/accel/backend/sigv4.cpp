#include "accel/backend/sigv4.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "accel/backend/dates.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/hash/hmac.hpp"
#include "accel/net/text.hpp"
#include "accel/net/url.hpp"

namespace accel::backend {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kMaxHashedBody = 64U << 10U;

/// Parameters sorted by name, then value, each with its '='. Names and values are encoded once, as in the URL.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    const std::string_view value = one.substr(std::min(equals + 1, one.size()));
    parameters.emplace_back(net::percent_encode(net::percent_decode(one.substr(0, equals))),
                            net::percent_encode(net::percent_decode(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string text;
  for (const auto& [name, value] : parameters) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

Bytes keyed(ByteView key, std::string_view text) {
  return hash::hmac(hash::HmacAlgorithm::sha256, key, as_bytes(text));
}

}  // namespace

SigV4Signer::SigV4Signer(Credentials credentials, std::string region)
    : credentials_(std::move(credentials)), region_(std::move(region)) {}

void SigV4Signer::sign(net::Request& request, std::string_view, std::chrono::system_clock::time_point now) const {
  const std::string time = basic_date_time(now);
  const std::string day = time.substr(0, 8);
  const bool hashed = !request.url.is_https() || request.body.size() <= kMaxHashedBody;
  request.headers.set("x-amz-content-sha256", hashed ? hash::sha256(request.body).hex() : "UNSIGNED-PAYLOAD");
  request.headers.set("x-amz-date", time);
  if (!credentials_.session_token.empty()) request.headers.set("x-amz-security-token", credentials_.session_token);

  std::map<std::string, std::string> fields = {{"host", request.url.authority()}};
  for (const auto& [name, value] : request.headers) fields[net::to_lower(name)] = net::trim(value);
  std::string names;
  std::string canonical = request.method + "\n" + request.url.path + "\n" + canonical_query(request.url.query) + "\n";
  for (const auto& [name, value] : fields) {
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + std::string(request.headers.get("x-amz-content-sha256"));

  const std::string scope = day + "/" + region_ + "/s3/aws4_request";
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + hash::sha256(as_bytes(canonical)).hex();
  Bytes key = keyed(as_bytes("AWS4" + credentials_.secret), day);
  for (const std::string_view step :
       {std::string_view(region_), std::string_view("s3"), std::string_view("aws4_request")}) {
    key = keyed(key, step);
  }
  request.headers.set("Authorization", std::string(kAlgorithm) + " Credential=" + credentials_.key_id + "/" + scope +
                                           ",SignedHeaders=" + names + ",Signature=" + hex_encode(keyed(key, to_sign)));
}

}  // namespace accel::backend
