/// One request and its answer on one connection.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/net/connection.hpp"
#include "accel/net/http_message.hpp"
#include "accel/net/pool.hpp"

namespace accel::net {

struct HttpTimeouts {
  std::chrono::milliseconds response{60'000};  ///< from the end of a request to the end of its answer's headers
  std::chrono::milliseconds idle{60'000};      ///< without any byte moving in a body
};

/// Used by one thread at a time: `use` a connection, send, receive.
class Exchange {
 public:
  Exchange(const Request& request, Pool::Lease lease, const HttpTimeouts& timeouts, const CancelToken& cancel);

  /// The connection to use; replaces one that failed.
  void use(std::unique_ptr<Connection> connection);
  /// Sends the head and the request's body.
  void send();
  /// Sends the head of a request whose body follows in `send_more`.
  void begin_chunked();
  /// Sends more of the body. False when the server answered before taking it all: `receive` is next.
  bool send_more(ByteView head, ByteView body);
  /// Waits for the final answer, which takes over the connection.
  Response receive();
  /// True when a byte of an answer arrived on the connection in use.
  [[nodiscard]] bool answered() const;

 private:
  void send_head(BodyFraming framing, ByteView body);

  Request request_;
  Pool::Lease lease_;
  Wait idle_, answer_;
  std::string url_, label_;  ///< redacted, for errors
  std::string head_;
  std::unique_ptr<Connection> connection_;
  bool sent_ = true;
};

}  // namespace accel::net
