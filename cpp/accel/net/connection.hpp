/// One TCP connection, with or without TLS, as blocking calls that obey time-outs and a CancelToken.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/net/tls.hpp"

namespace accel::net {

/// What to do about a peer that breaks connections or leaves them without a byte.
inline constexpr const char* kBrokenHint =
    "the registry, or the network or a proxy before it, breaks connections; try again later";

/// RegistryError code of an Unreachable: the machine is there and nobody listens on the port.
inline constexpr const char* kRefused = "REFUSED";

/// How long a call may take, and who may end it earlier (noticed within 100 ms).
struct Wait {
  std::chrono::milliseconds timeout;
  CancelToken cancel;
};

/// Used by one thread at a time. After a call threw, only the destructor may be used. Every call throws Unreachable
/// (retryable) when the peer fails or the time is over, Cancelled when the token is.
class Connection {
 public:
  /// Connects to `address` (text, no name). `peer` names the other side in errors ("https://host"). The error for a
  /// port where nobody listens has the code kRefused.
  static std::unique_ptr<Connection> open(const std::string& address, std::uint16_t port, const std::string& peer,
                                          const Wait& wait);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Speaks TLS from here on. Throws TlsError when the certificate is not accepted or the peer does not speak TLS
  /// (then with `code` "NOT_TLS" in its fields).
  void start_tls(const TlsContext& context, const std::string& host, const Wait& wait);
  /// Protocol, cipher and certificate, for people; "" without TLS.
  [[nodiscard]] std::string describe_tls() const;

  /// What errors to come say was attempted.
  void begin_request(std::string method, std::string redacted_url);
  /// Queues `head`, then `body`. Both must stay valid until they are sent or the connection is gone.
  void queue(ByteView head, ByteView body);
  /// Sends what is queued while listening. True when all is sent; false when the peer answered before that: read the
  /// answer then, and call `flush` again only if it was an interim one. `wait.timeout` is for a pause without progress.
  bool flush(const Wait& wait);
  /// Gives up what is queued and not sent; the caller's memory is not used any more. Only reads may follow.
  void stop_sending();
  /// Reads 1 to out.size() bytes, 0 when the peer ended the connection.
  std::size_t read_some(MutableByteView out, const Wait& wait);

  /// True when nothing has arrived and the peer has not closed: fit for another request.
  [[nodiscard]] bool idle();
  /// Bytes received since begin_request.
  [[nodiscard]] std::uint64_t received() const noexcept;

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace accel::net
