#include "accel/registry/auth.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/text.hpp"
#include "accel/registry/api_error.hpp"

namespace accel::registry {

namespace {

constexpr std::size_t kMaxTokenBody = 1U << 20U;
constexpr std::size_t kMaxTokens = 256;
/// The token specification's default when `expires_in` is missing.
constexpr std::uint64_t kDefaultLifetime = 60;
constexpr std::string_view kClientId = "accel";

std::string join(const Scopes& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

std::string basic_value(const std::string& user, const std::string& password) {
  const std::string pair = user + ":" + password;
  return "Basic " + base64_encode(as_bytes(pair));
}

struct Grant {
  std::string token;
  std::chrono::seconds lifetime;
};

Grant parse_grant(std::string_view body, const std::string& realm) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  const auto text = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Grant grant;
  if (document.is_object()) {
    grant.token = text("token");
    if (grant.token.empty()) grant.token = text("access_token");
  }
  if (grant.token.empty()) {
    RegistryError::Fields fields;
    fields.status = 200;
    fields.url = realm;
    throw RegistryError("token server " + realm + ": its answer holds no token", std::move(fields),
                        "it is no token server, or out of order; ask whoever runs the registry");
  }
  std::uint64_t seconds = kDefaultLifetime;
  if (const auto found = document.find("expires_in"); found != document.end() && found->is_number_unsigned()) {
    seconds = std::clamp<std::uint64_t>(found->get<std::uint64_t>(), 1, 86'400);
  }
  // Used up to nine tenths of its life: clocks differ and requests take time.
  grant.lifetime = std::chrono::seconds(seconds - std::min<std::uint64_t>(seconds / 10 + 1, 30));
  return grant;
}

}  // namespace

Authenticator::Authenticator(std::string host, Services services)
    : host_(std::move(host)), services_(std::move(services)) {}

std::string Authenticator::scheme() {
  const auto guard = exclusive_.lock({});
  return challenge_ ? challenge_->scheme : "";
}

bool Authenticator::has_credentials(const CancelToken& cancel) const {
  return !services_.credentials->lookup(host_, cancel).anonymous();
}

std::string Authenticator::authorization(const Scopes& scopes, const CancelToken& cancel) {
  const auto guard = exclusive_.lock(cancel);
  if (!challenge_) return {};
  if (challenge_->scheme == "basic") return basic_;
  if (const Token* token = find(scopes)) return "Bearer " + token->value;
  return fetch(scopes, cancel);
}

std::string Authenticator::renew(const std::vector<Challenge>& challenges, const Scopes& scopes,
                                 const std::string& rejected, bool api_is_https, const CancelToken& cancel) {
  const auto of_scheme = [&](std::string_view scheme) {
    return std::find_if(challenges.begin(), challenges.end(), [&](const Challenge& c) { return c.scheme == scheme; });
  };
  auto chosen = of_scheme("bearer");
  if (chosen == challenges.end()) chosen = of_scheme("basic");
  if (chosen == challenges.end()) return {};
  const auto guard = exclusive_.lock(cancel);
  challenge_ = *chosen;
  api_is_https_ = api_is_https;
  if (chosen->scheme == "basic") {
    if (basic_.empty() || basic_ == rejected) basic_ = basic(cancel);
    return basic_ == rejected ? "" : basic_;
  }
  Scopes asked;
  const std::string asked_text = chosen->get("scope");
  for (const auto scope : net::split(asked_text, ' ')) asked.emplace_back(scope);
  const Scopes wanted = merge(scopes, asked);
  // Another thread may have fetched a new token meanwhile.
  if (const Token* token = find(wanted); token != nullptr && "Bearer " + token->value != rejected) {
    return "Bearer " + token->value;
  }
  std::erase_if(tokens_, [&](const Token& token) { return "Bearer " + token.value == rejected; });
  return fetch(wanted, cancel);
}

const Authenticator::Token* Authenticator::find(const Scopes& scopes) const {
  const auto now = services_.clock->now();
  for (const auto& token : tokens_) {
    if (token.expires > now && covers(token.scopes, scopes)) return &token;
  }
  return nullptr;
}

std::string Authenticator::basic(const CancelToken& cancel) const {
  const auto credentials = services_.credentials->lookup(host_, cancel);
  return credentials.username.empty() ? "" : basic_value(credentials.username, credentials.password);
}

std::string Authenticator::fetch(const Scopes& scopes, const CancelToken& cancel) {
  const Credentials credentials = services_.credentials->lookup(host_, cancel);
  const auto now = services_.clock->now();
  if (!credentials.registry_token.empty()) {
    tokens_.assign(1, {scopes, credentials.registry_token, now + std::chrono::seconds(kDefaultLifetime)});
    return "Bearer " + credentials.registry_token;
  }
  auto response = ask_token_server(credentials, scopes, cancel);
  const std::string realm = net::redact(challenge_->get("realm"));
  const auto body = net::read_all(*response.body, kMaxTokenBody);
  const Grant grant = parse_grant(body.value_or(""), realm);
  std::erase_if(tokens_, [&](const Token& token) { return token.expires <= now || token.scopes == scopes; });
  if (tokens_.size() >= kMaxTokens) tokens_.erase(tokens_.begin());
  tokens_.push_back({scopes, grant.token, now + grant.lifetime});
  return "Bearer " + grant.token;
}

net::Response Authenticator::ask_token_server(const Credentials& credentials, const Scopes& scopes,
                                              const CancelToken& cancel) {
  const std::string realm = challenge_->get("realm");
  const auto url = net::Url::parse(realm);
  RegistryError::Fields fields;
  fields.url = net::redact(realm);
  if (!url)
    throw RegistryError("registry " + host_ + ": its token server is no http or https URL", std::move(fields),
                        "the registry is set up wrongly; ask whoever runs it");
  if (!credentials.anonymous() && api_is_https_ && !url->is_https()) {
    throw RegistryError(
        "registry " + host_ + ": its token server " + fields.url + " would get the password unencrypted", fields,
        "the registry must name an https:// token server");
  }
  const std::string service = challenge_->get("service");
  const auto send = [&](net::Request& request) {
    request.headers.add("Accept", "application/json");
    request.headers.add("User-Agent", services_.user_agent);
    auto response = services_.http->send(request, cancel);
    if (response.status == 200) return response;
    throw_api_error({host_, "token for " + host_, request.method, request.url, join(scopes), {}}, response,
                    services_.clock->date());
  };
  if (!credentials.identity_token.empty()) {
    net::Request request;
    request.method = "POST";
    request.url = *url;
    const std::string form = "grant_type=refresh_token&service=" + net::percent_encode(service) +
                             "&client_id=" + std::string(kClientId) + "&scope=" + net::percent_encode(join(scopes)) +
                             "&refresh_token=" + net::percent_encode(credentials.identity_token);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = as_bytes(form);
    return send(request);
  }
  net::Request request;
  request.url = *url;
  if (!service.empty()) net::add_query(request.url, "service", service);
  for (const auto& scope : scopes) net::add_query(request.url, "scope", scope);
  if (!credentials.username.empty()) {
    net::add_query(request.url, "account", credentials.username);
    request.headers.add("Authorization", basic_value(credentials.username, credentials.password));
  }
  return send(request);
}

}  // namespace accel::registry
