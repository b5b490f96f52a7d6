/// How registries are reached. Plain values: read from YAML or the command line in Python and handed down.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace accel::registry {

/// Settings of one registry host. Spec: service.md sections 1 and 12.
struct HostOptions {
  std::string auth;                  ///< base64 of user:password; "" = docker config, then anonymous
  bool insecure = false;             ///< do not verify the certificate
  std::optional<bool> plain_http;    ///< unset: HTTPS; loopback hosts may fall back to HTTP when TLS is not answered
  std::string ca_file;               ///< PEM, besides the system's roots
  std::string client_cert;           ///< PEM
  std::string client_key;            ///< PEM
  std::vector<std::string> mirrors;  ///< tried in order, for reading only; then the host itself
};

struct Options {
  std::map<std::string, HostOptions> hosts;  ///< key: the host as it stands in references, port included
  std::string docker_config_dir;             ///< "" = $DOCKER_CONFIG, then ~/.docker
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds response_timeout{60'000};  ///< from the end of a request to its answer's headers
  std::chrono::milliseconds idle_timeout{60'000};      ///< without any byte in a body
  int max_attempts = 6;                                ///< of one request, the first included
  std::chrono::milliseconds backoff_base{250};         ///< doubled at each try, with jitter, at most 30 s
  std::size_t max_connections = 8;                     ///< per host
  /// Bytes of one upload request. Kept in memory until the registry has acknowledged them, so that an interrupted
  /// upload resumes; below 5 MiB S3-backed registries become slow.
  std::size_t upload_chunk_bytes = 8U << 20U;
  std::string user_agent = "acceleration-service/" ACCEL_VERSION;
};

}  // namespace accel::registry
