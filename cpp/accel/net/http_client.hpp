/// One request, one answer. Knows nothing of registries, redirects or retries.
#pragma once

#include <memory>

#include "accel/base/cancel.hpp"
#include "accel/net/connector.hpp"
#include "accel/net/exchange.hpp"
#include "accel/net/http_message.hpp"
#include "accel/net/pool.hpp"
#include "accel/net/request_stream.hpp"

namespace accel::net {

/// What sends requests: the client, or a fake in tests.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Sends `request` and returns the answer, whatever its status, when its headers are there. The answer's body obeys
  /// `cancel` too. Throws Unreachable, TlsError, ConfigError, Cancelled. Thread-safe.
  virtual Response send(const Request& request, const CancelToken& cancel) = 0;
  /// Begins a request whose body (chunked transfer coding) is written to the stream; `request.body` is not used. Always
  /// on a fresh connection: a kept one that turns out to be dead would take bytes with it.
  virtual std::unique_ptr<RequestStream> begin(const Request& request, const CancelToken& cancel) = 0;
};

/// HTTP/1.1 over kept connections.
///
/// A kept connection that breaks before the first byte of an answer is replaced by a fresh one once, for every method
/// but PATCH: the server closed it while it was idle. (Of a PATCH some bytes may have been taken; the caller must ask.)
class HttpClient final : public HttpTransport {
 public:
  HttpClient(std::shared_ptr<Connector> connector, std::shared_ptr<Pool> pool, HttpTimeouts timeouts);
  Response send(const Request& request, const CancelToken& cancel) override;
  std::unique_ptr<RequestStream> begin(const Request& request, const CancelToken& cancel) override;

 private:
  std::shared_ptr<Connector> connector_;
  std::shared_ptr<Pool> pool_;
  HttpTimeouts timeouts_;
};

}  // namespace accel::net
