/// From a URL to a connection that is ready for requests: names, addresses, proxies, TLS.
#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/net/connection.hpp"
#include "accel/net/proxy.hpp"
#include "accel/net/resolve.hpp"
#include "accel/net/tls.hpp"
#include "accel/net/url.hpp"

namespace accel::net {

/// Where a connection goes and by which way. Two requests with equal routes may use the same connection.
struct Route {
  std::string scheme, host;
  std::uint16_t port = 0;
  std::string proxy;  ///< URL with user information, "" = direct
  TlsOptions tls;
  friend auto operator<=>(const Route&, const Route&) = default;
};

/// Thread-safe.
class Connector {
 public:
  /// The TLS settings of a URL's host.
  using TlsOptionsOf = std::function<TlsOptions(const Url&)>;
  /// The addresses of a host, as net::resolve finds them.
  using Resolver = std::function<std::vector<std::string>(const std::string& host, std::chrono::milliseconds timeout,
                                                          const CancelToken& cancel)>;
  Connector(ProxyRules proxies, TlsOptionsOf tls_options, std::chrono::milliseconds connect_timeout,
            Resolver resolver = resolve);

  [[nodiscard]] Route route(const Url& url) const;

  /// Looks the host up, tries its addresses one after the other, passes the proxy, shakes hands; all within the
  /// connect time-out, or within `limit` when that is not 0 and shorter. Throws Unreachable, TlsError, ConfigError
  /// (unreadable certificate files), Cancelled, and RegistryError when the proxy refuses.
  std::unique_ptr<Connection> connect(const Route& route, std::chrono::milliseconds limit, const CancelToken& cancel);

  /// True when the peer answers a TLS greeting, whatever its certificate; false when it answers something else.
  /// Throws as `connect` when nobody answers: a time-out says nothing about TLS.
  bool speaks_tls(const Url& url, const CancelToken& cancel);

 private:
  std::shared_ptr<const TlsContext> context(const TlsOptions& options);

  ProxyRules proxies_;
  TlsOptionsOf tls_options_;
  Resolver resolver_;
  std::chrono::milliseconds connect_timeout_;
  std::mutex mutex_;
  std::map<TlsOptions, std::shared_ptr<const TlsContext>> contexts_;  ///< reading the system's roots takes 30 ms
};

}  // namespace accel::net
