#include "accel/net/http_client.hpp"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::net {

namespace {

/// Chunked transfer coding: each piece goes out as one chunk.
class ChunkedRequest final : public RequestStream {
 public:
  explicit ChunkedRequest(Exchange exchange) : exchange_(std::move(exchange)) { exchange_.begin_chunked(); }

  bool write(ByteView piece) override {
    if (piece.empty()) return wanted_;
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
    frame_ += std::string(digits.data(), end) + "\r\n";
    if (wanted_) wanted_ = exchange_.send_more(as_bytes(frame_), piece);
    frame_ = "\r\n";  // the end of this chunk goes out before the next one
    return wanted_;
  }

  Response finish() override {
    frame_ += "0\r\n\r\n";
    if (wanted_) wanted_ = exchange_.send_more(as_bytes(frame_), {});
    return exchange_.receive();
  }

 private:
  Exchange exchange_;
  std::string frame_;
  bool wanted_ = true;
};

}  // namespace

HttpClient::HttpClient(std::shared_ptr<Connector> connector, std::shared_ptr<Pool> pool, HttpTimeouts timeouts)
    : connector_(std::move(connector)), pool_(std::move(pool)), timeouts_(timeouts) {}

Response HttpClient::send(const Request& request, const CancelToken& cancel) {
  Pool::Lease lease = pool_->acquire(connector_->route(request.url), request.hold, cancel);
  const Route route = lease.route();
  auto kept = lease.take();
  Exchange exchange(request, std::move(lease), timeouts_, cancel);
  if (kept) {
    exchange.use(std::move(kept));
    try {
      exchange.send();
      return exchange.receive();
    } catch (const Unreachable&) {
      if (exchange.answered() || request.method == "PATCH") throw;
    }
  }
  exchange.use(connector_->connect(route, request.limit, cancel));
  exchange.send();
  return exchange.receive();
}

std::unique_ptr<RequestStream> HttpClient::begin(const Request& request, const CancelToken& cancel) {
  Pool::Lease lease = pool_->acquire(connector_->route(request.url), request.hold, cancel);
  const Route route = lease.route();
  Exchange exchange(request, std::move(lease), timeouts_, cancel);
  exchange.use(connector_->connect(route, request.limit, cancel));
  return std::make_unique<ChunkedRequest>(std::move(exchange));
}

}  // namespace accel::net
