#include "accel/registry/credentials.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/registry/credential_helper.hpp"
#include "accel/registry/docker_config.hpp"

namespace accel::registry {

namespace {

constexpr std::chrono::seconds kHelperTimeout{30};
constexpr std::size_t kMaxConfigBytes = 4U << 20U;

std::string find_config_file(const Options& options, const net::GetEnv& get_env) {
  if (!options.docker_config_dir.empty()) return options.docker_config_dir + "/config.json";
  if (const auto dir = get_env("DOCKER_CONFIG"); dir && !dir->empty()) return *dir + "/config.json";
  if (const auto home = get_env("HOME"); home && !home->empty()) return *home + "/.docker/config.json";
  return {};
}

/// The file's text; nothing when there is no such file.
std::optional<std::string> read_config(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw ConfigError("read docker config " + file + ": " + std::generic_category().message(errno));
  }
  std::string text(kMaxConfigBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) throw ConfigError("read docker config " + file + ": " + std::generic_category().message(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxConfigBytes) throw ConfigError("docker config " + file + " is larger than 4 MiB");
  return text;
}

}  // namespace

Credentials decode_basic_auth(const std::string& text, const std::string& where) {
  Bytes raw;
  const bool decoded = base64_decode(text, raw);
  const std::string pair = decoded ? to_string(raw) : std::string();
  const auto colon = pair.find(':');
  if (!decoded || colon == std::string::npos || colon == 0) {
    throw ConfigError(where + " is not base64 of user:password");
  }
  Credentials credentials;
  credentials.username = pair.substr(0, colon);
  credentials.password = pair.substr(colon + 1);
  // QUIRK: docker login on some versions pads the pair with NUL bytes.
  while (!credentials.password.empty() && credentials.password.back() == '\0') credentials.password.pop_back();
  return credentials;
}

CredentialStore::CredentialStore(const Options& options, net::GetEnv get_env)
    : config_file_(find_config_file(options, get_env)), get_env_(std::move(get_env)) {
  for (const auto& [host, settings] : options.hosts) {
    if (!settings.auth.empty()) auths_.emplace(host, settings.auth);
  }
}

Credentials CredentialStore::lookup(const std::string& host, const CancelToken& cancel) const {
  if (const auto found = auths_.find(host); found != auths_.end()) {
    return decode_basic_auth(found->second, "auth of host " + host);
  }
  if (config_file_.empty()) return {};
  const auto text = read_config(config_file_);
  if (!text) return {};
  const DockerAuth auth = find_docker_auth(*text, config_file_, host);
  if (!auth.helper.empty()) {
    if (auto found = run_credential_helper(auth.helper, auth.server, kHelperTimeout, cancel)) return *found;
  }
  return auth.credentials;
}

}  // namespace accel::registry
