#include "accel/net/connector.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/http_message.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/response_parser.hpp"

namespace accel::net {

namespace {

using std::chrono::milliseconds;

/// What is left of the connect time-out, for the next step.
class Budget {
 public:
  Budget(milliseconds timeout, CancelToken cancel)
      : end_(std::chrono::steady_clock::now() + timeout), cancel_(std::move(cancel)) {}
  /// An equal part of what is left, for one of `parts` tries.
  [[nodiscard]] Wait share(std::size_t parts = 1) const {
    const auto left = std::chrono::duration_cast<milliseconds>(end_ - std::chrono::steady_clock::now());
    return {std::max(left / static_cast<milliseconds::rep>(parts), milliseconds(1)), cancel_};
  }

 private:
  std::chrono::steady_clock::time_point end_;
  CancelToken cancel_;
};

std::string authority_of(const Route& route) {
  // CONNECT wants the port even when it is the default one.
  const std::string host = route.host.find(':') == std::string::npos ? route.host : "[" + route.host + "]";
  return host + ":" + std::to_string(route.port);
}

/// Tries all addresses of a host, each within its share of the time.
std::unique_ptr<Connection> open_any(const Connector::Resolver& resolver, const std::string& host, std::uint16_t port,
                                     const std::string& peer, const Budget& budget) {
  const Wait lookup = budget.share();
  const auto addresses = resolver(host, lookup.timeout, lookup.cancel);
  for (std::size_t i = 0;; ++i) {
    const std::size_t left = addresses.size() - i;
    try {
      return Connection::open(addresses[i], port, peer, budget.share(left));
    } catch (const Unreachable&) {
      if (left == 1) throw;
    }
  }
}

/// Asks the proxy for a tunnel. The connection then carries the peer's bytes.
void open_tunnel(Connection& connection, const Route& route, const Url& proxy, const Budget& budget) {
  const std::string target = authority_of(route);
  std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (const auto credentials = proxy_authorization(proxy); !credentials.empty()) {
    head += "Proxy-Authorization: " + credentials + "\r\n";
  }
  head += "\r\n";
  const std::string label = redact(proxy);
  connection.begin_request("CONNECT " + target + " through", label);
  connection.queue(as_bytes(head), {});
  connection.flush(budget.share());
  ResponseParser parser(true, label);
  // Byte by byte: what follows the head belongs to TLS.
  Bytes received;
  while (!parser.head_done()) {
    std::byte next{};
    if (received.size() >= kMaxHeadBytes || connection.read_some({&next, 1}, budget.share()) == 0) {
      RegistryError::Fields fields{0, "", "CONNECT", label, true, {}};
      throw Unreachable("CONNECT " + target + " through " + label + ": the proxy gave no answer", std::move(fields),
                        "check HTTPS_PROXY, or add the host to NO_PROXY");
    }
    received.push_back(next);
    if (as_text(received).ends_with("\r\n\r\n")) parser.put_head(received);
  }
  if (parser.status() == 200) return;
  RegistryError::Fields fields{parser.status(), "", "CONNECT", label, parser.status() >= 500, {}};
  throw RegistryError(
      "CONNECT " + target + " through " + label + ": the proxy answered " + std::to_string(parser.status()),
      std::move(fields),
      parser.status() == 407 ? "check user and password in HTTPS_PROXY"
                             : "check HTTPS_PROXY, or add the host to NO_PROXY");
}

}  // namespace

Connector::Connector(ProxyRules proxies, TlsOptionsOf tls_options, milliseconds connect_timeout, Resolver resolver)
    : proxies_(std::move(proxies)),
      tls_options_(std::move(tls_options)),
      resolver_(std::move(resolver)),
      connect_timeout_(connect_timeout) {}

Route Connector::route(const Url& url) const {
  Route route{url.scheme, url.host, url.port, "", {}};
  if (const auto proxy = proxies_.proxy_for(url)) route.proxy = proxy->to_string();
  if (url.is_https()) route.tls = tls_options_(url);
  return route;
}

std::shared_ptr<const TlsContext> Connector::context(const TlsOptions& options) {
  const std::lock_guard lock(mutex_);
  auto& entry = contexts_[options];
  if (!entry) entry = std::make_shared<TlsContext>(options);
  return entry;
}

std::unique_ptr<Connection> Connector::connect(const Route& route, milliseconds limit, const CancelToken& cancel) {
  const Budget budget(limit.count() > 0 ? std::min(limit, connect_timeout_) : connect_timeout_, cancel);
  const std::string peer = route.scheme + "://" + authority_of(route);
  const auto proxy = Url::parse(route.proxy);
  auto connection = proxy ? open_any(resolver_, proxy->host, proxy->port, peer + " through " + redact(*proxy), budget)
                          : open_any(resolver_, route.host, route.port, peer, budget);
  if (route.scheme != "https") return connection;
  if (proxy) open_tunnel(*connection, route, *proxy, budget);
  connection->start_tls(*context(route.tls), route.host, budget.share());
  return connection;
}

bool Connector::speaks_tls(const Url& url, const CancelToken& cancel) {
  const Budget budget(connect_timeout_, cancel);
  auto connection = open_any(resolver_, url.host, url.port, url.origin(), budget);
  TlsOptions any_certificate;
  any_certificate.insecure = true;
  try {
    connection->start_tls(*context(any_certificate), url.host, budget.share());
    return true;
  } catch (const TlsError& error) {
    // A peer that wants our certificate, or other versions or ciphers, still answered in TLS.
    return error.fields().code != "NOT_TLS";
  }
}

}  // namespace accel::net
