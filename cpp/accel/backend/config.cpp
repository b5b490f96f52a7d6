#include "accel/backend/config.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/net/url.hpp"

namespace accel::backend {

namespace {

constexpr json::Limits kLimits{.max_bytes = 64U << 10U, .max_depth = 4, .max_values = 64};
constexpr std::size_t kMaxPrefix = 900;  // keys have at most 1023 bytes (OSS), and the blob's name needs its own

/// Values are strings, as the reference takes them; switches may be booleans too.
struct Keys {
  std::string_view type;  ///< of the backend, for messages
  std::vector<std::string_view> known;
};

std::string list(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

[[noreturn]] void fail(std::string_view type, std::string_view key, const std::string& problem, std::string hint = {}) {
  throw ConfigError("backend_config of " + std::string(type) + ": key \"" + std::string(key) + "\" " + problem,
                    std::move(hint));
}

/// The members as text. What is wrong is told without the values: any of them may be a secret put under a wrong key.
std::map<std::string, std::string> read_members(std::string_view text, const Keys& keys) {
  std::map<std::string, std::string> members;
  const std::string what = "backend_config of " + std::string(keys.type);
  try {
    const json::Object object = json::parse(text, what, kLimits).object();
    for (const auto& member : object.members()) {
      if (std::find(keys.known.begin(), keys.known.end(), member.name) == keys.known.end()) {
        fail(keys.type, member.name.substr(0, 80), "is not known", "known keys: " + list(keys.known));
      }
      if (member.raw == "true" || member.raw == "false") {
        members.emplace(member.name, member.raw);
        continue;
      }
      if (member.raw == "null") continue;  // Go writes it for what is not set
      if (member.raw.empty() || member.raw.front() != '"') fail(keys.type, member.name, "is no string");
      members.emplace(member.name, object.value(member).text());
    }
  } catch (const FormatError& error) {
    throw ConfigError(error.message(), "write a JSON object such as {\"bucket_name\": \"…\"}");
  }
  return members;
}

class Reader {
 public:
  Reader(std::string_view json, Keys keys) : type_(keys.type), members_(read_members(json, keys)) {}

  [[nodiscard]] std::string get(const char* key) const {
    const auto found = members_.find(key);
    return found == members_.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::string need(const char* key) const {
    std::string value = get(key);
    if (value.empty()) fail(type_, key, "is missing");
    return value;
  }
  [[nodiscard]] bool flag(const char* key) const {
    const std::string value = get(key);
    if (value.empty() || value == "false") return false;
    if (value != "true") fail(type_, key, "is neither true nor false");
    return true;
  }
  /// A name that becomes part of a host or path: what could change the request's meaning is refused.
  [[nodiscard]] std::string need_bucket() const {
    std::string bucket = need("bucket_name");
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
             c == '_';
    };
    if (bucket.size() > 255 || bucket.front() == '.' || !std::all_of(bucket.begin(), bucket.end(), fits)) {
      fail(type_, "bucket_name", "is no name of a bucket: letters, digits, '-', '.' and '_' only");
    }
    return bucket;
  }
  [[nodiscard]] std::string prefix() const {
    std::string prefix = get("object_prefix");
    if (prefix.size() > kMaxPrefix) fail(type_, "object_prefix", "is longer than " + std::to_string(kMaxPrefix));
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (std::any_of(prefix.begin(), prefix.end(), control)) fail(type_, "object_prefix", "holds control characters");
    if (!prefix.empty() && prefix.front() == '/') {
      fail(type_, "object_prefix", "begins with '/'", "leave that '/' out: keys of objects do not begin with one");
    }
    // "a//b", "./" and "../" are keys that proxies and file-backed stores rewrite: the signature would not match.
    std::string_view rest = prefix;
    while (!rest.empty()) {
      const std::size_t slash = rest.find('/');
      const std::string_view part = rest.substr(0, slash);
      if (slash == std::string_view::npos) break;
      if (part.empty() || part == "." || part == "..") {
        fail(type_, "object_prefix", "has an empty part, \".\" or \"..\" between slashes");
      }
      rest.remove_prefix(slash + 1);
    }
    return prefix;
  }

  /// Splits "scheme://host:port" and checks it against the key `scheme`.
  void read_address(ObjectStoreConfig& config) const {
    config.scheme = get("scheme");
    config.endpoint = get("endpoint");
    if (const std::size_t colon = config.endpoint.find("://"); colon != std::string::npos) {
      const std::string scheme = config.endpoint.substr(0, colon);
      if (!config.scheme.empty() && config.scheme != scheme) {
        fail(type_, "scheme", "is \"" + config.scheme + "\", but the endpoint begins with \"" + scheme + "://\"");
      }
      config.scheme = scheme;
      config.endpoint.erase(0, colon + 3);
    }
    if (config.scheme.empty()) config.scheme = "https";
    if (config.scheme != "https" && config.scheme != "http") fail(type_, "scheme", "is neither \"https\" nor \"http\"");
    while (config.endpoint.ends_with('/')) config.endpoint.pop_back();
    if (config.endpoint.empty()) return;
    const auto url = net::Url::parse(config.scheme + "://" + config.endpoint);
    if (!url || url->path != "/" || !url->query.empty() || !url->userinfo.empty()) {
      fail(type_, "endpoint", "is no host or host:port");
    }
    config.endpoint = url->authority();
  }

  void read_tls(ObjectStoreConfig& config) const {
    config.tls.insecure = flag("skip_verify");
    config.tls.ca_file = get("ca_file");
  }

 private:
  std::string_view type_;
  std::map<std::string, std::string> members_;
};

std::string first_set(const net::GetEnv& get_env, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = get_env(name); value && !value->empty()) return *value;
  }
  return {};
}

/// Where the environment keeps credentials, in the order of preference.
struct Variables {
  struct Set {
    const char *key_id, *secret, *token;
  };
  std::vector<Set> sets;
};

/// Either both come from the configuration or both from one set of variables: halves of different pairs never match.
Credentials read_credentials(const Reader& reader, std::string_view type, const char* token_key,
                             const Variables& variables, const net::GetEnv& get_env) {
  Credentials credentials{reader.get("access_key_id"), reader.get("access_key_secret"), reader.get(token_key)};
  if (credentials.key_id.empty() != credentials.secret.empty()) {
    fail(type, credentials.key_id.empty() ? "access_key_id" : "access_key_secret",
         "is missing while its partner is set");
  }
  if (!credentials.key_id.empty()) return credentials;
  std::string names;
  for (const auto& set : variables.sets) {
    Credentials found{first_set(get_env, {set.key_id}), first_set(get_env, {set.secret}),
                      first_set(get_env, {set.token})};
    if (!found.key_id.empty() && !found.secret.empty()) return found;
    names += (names.empty() ? "" : " or ") + std::string(set.key_id) + " and " + set.secret;
  }
  fail(type, "access_key_id", "is missing", "set access_key_id and access_key_secret, or the variables " + names);
}

}  // namespace

ObjectStoreConfig parse_s3_config(std::string_view json, const net::GetEnv& get_env) {
  const Reader reader(json, {"s3",
                             {"access_key_id", "access_key_secret", "session_token", "endpoint", "scheme",
                              "bucket_name", "region", "object_prefix", "skip_verify", "ca_file"}});
  ObjectStoreConfig config;
  config.bucket = reader.need_bucket();
  reader.read_address(config);
  config.region = reader.get("region");
  if (config.region.empty()) config.region = first_set(get_env, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (config.region.empty()) {
    fail("s3", "region", "is missing",
         "requests are signed for a region; \"us-east-1\" suits most stores of one's own");
  }
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (!std::all_of(config.region.begin(), config.region.end(), fits)) fail("s3", "region", "is no name of a region");
  config.prefix = reader.prefix();
  config.credentials = read_credentials(
      reader, "s3", "session_token", {{{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}}}, get_env);
  reader.read_tls(config);
  return config;
}

ObjectStoreConfig parse_oss_config(std::string_view json, const net::GetEnv& get_env) {
  const Reader reader(json, {"oss",
                             {"endpoint", "scheme", "access_key_id", "access_key_secret", "security_token",
                              "bucket_name", "object_prefix", "skip_verify", "ca_file"}});
  ObjectStoreConfig config;
  config.bucket = reader.need_bucket();
  static_cast<void>(reader.need("endpoint"));
  reader.read_address(config);
  if (config.endpoint.empty()) fail("oss", "endpoint", "is no host or host:port");
  config.prefix = reader.prefix();
  config.credentials = read_credentials(
      reader, "oss", "security_token",
      {{{"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"},
        {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"}}},
      get_env);
  reader.read_tls(config);
  return config;
}

LocalfsConfig parse_localfs_config(std::string_view json) {
  const Reader reader(json, {"localfs", {"dir"}});
  return {reader.need("dir")};
}

}  // namespace accel::backend
