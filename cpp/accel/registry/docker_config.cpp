#include "accel/registry/docker_config.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

using nlohmann::json;

/// `https://host/v1/` and `host/path` are both `host`.
std::string host_of_key(std::string_view key) {
  if (const auto colon = key.find("://"); colon != std::string_view::npos) key.remove_prefix(colon + 3);
  return net::to_lower(key.substr(0, key.find('/')));
}

bool is_docker_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io";
}

bool key_matches(const std::string& key, const std::string& host) {
  const std::string named = host_of_key(key);
  return named == net::to_lower(host) || (is_docker_hub(host) && is_docker_hub(named));
}

/// The member of `object` whose key means `host`: an exact key before a similar one.
const json* find_host(const json& object, const std::string& host) {
  const std::string exact = is_docker_hub(host) ? std::string(kDockerHubKey) : host;
  if (const auto found = object.find(exact); found != object.end()) return &*found;
  for (const auto& [key, value] : object.items()) {
    if (key_matches(key, host)) return &value;
  }
  return nullptr;
}

/// A member that must be an object, if it is there.
const json* object_member(const json& document, const char* name, const std::string& file) {
  const auto found = document.find(name);
  if (found == document.end() || found->is_null()) return nullptr;
  if (!found->is_object()) throw ConfigError("docker config " + file + ": \"" + name + "\" is no object");
  return &*found;
}

std::string string_member(const json& object, const char* name, const std::string& file) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) throw ConfigError("docker config " + file + ": \"" + name + "\" is no string");
  return found->get<std::string>();
}

Credentials read_entry(const json& entry, const std::string& file, const std::string& host) {
  if (!entry.is_object()) throw ConfigError("docker config " + file + ": the entry of " + host + " is no object");
  Credentials credentials;
  if (const auto auth = string_member(entry, "auth", file); !auth.empty()) {
    credentials = decode_basic_auth(auth, "docker config " + file + ", \"auth\" of " + host);
  }
  if (const auto user = string_member(entry, "username", file); !user.empty()) {
    credentials.username = user;
    credentials.password = string_member(entry, "password", file);
  }
  credentials.identity_token = string_member(entry, "identitytoken", file);
  credentials.registry_token = string_member(entry, "registrytoken", file);
  return credentials;
}

}  // namespace

DockerAuth find_docker_auth(std::string_view text, const std::string& file, const std::string& host) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) {
    throw ConfigError("docker config " + file + " is no JSON object", "repair or remove the file");
  }
  DockerAuth found;
  found.server = is_docker_hub(host) ? std::string(kDockerHubKey) : host;
  if (const json* helpers = object_member(document, "credHelpers", file)) {
    if (const json* helper = find_host(*helpers, host)) {
      if (!helper->is_string())
        throw ConfigError("docker config " + file + ": credential helper of " + host + " is no string");
      found.helper = helper->get<std::string>();
    }
  }
  if (found.helper.empty()) found.helper = string_member(document, "credsStore", file);
  if (const json* auths = object_member(document, "auths", file)) {
    if (const json* entry = find_host(*auths, host)) found.credentials = read_entry(*entry, file, host);
  }
  return found;
}

}  // namespace accel::registry
