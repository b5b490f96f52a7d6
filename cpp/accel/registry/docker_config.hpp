/// Docker's config.json: credentials of hosts, and which helper programs hold others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accel/registry/credentials.hpp"

namespace accel::registry {

/// What the file says about one host.
struct DockerAuth {
  std::string helper;       ///< program suffix: docker-credential-<helper>; "" = none
  std::string server;       ///< what the helper is asked for
  Credentials credentials;  ///< from `auths`
};

/// Docker Hub's place in the file.
inline constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

/// Reads what `json` (the text of `file`) says about `host`. Throws ConfigError naming the file for text that is not
/// JSON or has wrong types.
DockerAuth find_docker_auth(std::string_view json, const std::string& file, const std::string& host);

}  // namespace accel::registry
