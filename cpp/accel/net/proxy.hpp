/// Which proxy a URL is reached through, by the environment variables every tool knows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/net/url.hpp"

namespace accel::net {

/// Reads an environment variable; nothing when it is not set. Injected for tests.
using GetEnv = std::function<std::optional<std::string>(const std::string& name)>;
/// The process's environment.
std::optional<std::string> process_env(const std::string& name);

/// HTTPS_PROXY, HTTP_PROXY and NO_PROXY (each also in lower case, which wins), read once. Immutable: thread-safe.
///
/// NO_PROXY is a comma-separated list of `*` (everything), domains (`example.com` and `.example.com` match the domain
/// and all below it, `*.example.com` those below it), addresses and CIDRs; each may have `:port`. Loopback hosts are
/// never reached through a proxy.
class ProxyRules {
 public:
  ProxyRules() = default;  ///< no proxies
  /// Throws ConfigError naming the variable when its value is no http URL (SOCKS and TLS to the proxy itself are not
  /// supported).
  static ProxyRules from_environment(const GetEnv& get_env);

  /// The proxy for `url` (an http URL, perhaps with user information), nothing for a direct connection.
  [[nodiscard]] std::optional<Url> proxy_for(const Url& url) const;

 private:
  [[nodiscard]] bool is_exempt(const Url& url) const;
  std::optional<Url> https_, http_;
  std::vector<std::string> exempt_;  ///< entries of NO_PROXY, lower case
};

/// The value of Proxy-Authorization for the proxy's user information; "" without any.
std::string proxy_authorization(const Url& proxy);

}  // namespace accel::net
