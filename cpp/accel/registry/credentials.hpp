/// Where user names, passwords and tokens of a host come from.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/net/proxy.hpp"
#include "accel/registry/options.hpp"

namespace accel::registry {

/// What is known about a user. All empty: anonymous. Never printed.
struct Credentials {
  std::string username, password;
  std::string identity_token;  ///< exchanged at the token server for access tokens
  std::string registry_token;  ///< used as it is

  [[nodiscard]] bool anonymous() const { return username.empty() && identity_token.empty() && registry_token.empty(); }
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Thread-safe. Spec: service.md section 12.
class CredentialStore {
 public:
  /// `get_env` finds DOCKER_CONFIG, HOME and PATH.
  explicit CredentialStore(const Options& options, net::GetEnv get_env = net::process_env);

  /// The credentials for `host` (as it stands in references): HostOptions.auth, else the docker config's helpers and
  /// auths, else none. Reads files and runs helpers anew at each call, as they may hold short-lived tokens. Throws
  /// ConfigError naming the file, setting or helper that is wrong; Cancelled.
  [[nodiscard]] Credentials lookup(const std::string& host, const CancelToken& cancel) const;

 private:
  std::map<std::string, std::string> auths_;  ///< host → base64 of user:password
  std::string config_file_;                   ///< "" when there is no home
  net::GetEnv get_env_;
};

/// Splits base64 of `user:password` at the first colon; the password may hold more. Throws ConfigError saying that
/// `where` is malformed, without the value.
Credentials decode_basic_auth(const std::string& text, const std::string& where);

}  // namespace accel::registry
