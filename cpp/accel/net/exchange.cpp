#include "accel/net/exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/response_body.hpp"
#include "accel/net/response_parser.hpp"

namespace accel::net {

namespace {

constexpr std::size_t kHeadRead = 16U << 10U;

std::chrono::milliseconds limited(std::chrono::milliseconds timeout, const Request& request) {
  return request.limit.count() > 0 ? std::min(timeout, request.limit) : timeout;
}

/// Reads one head, final or interim. `rest` keeps what follows it.
std::unique_ptr<ResponseParser> read_head(Connection& connection, bool no_body, const std::string& label,
                                          const std::string& url, Bytes& rest, const Wait& wait) {
  auto parser = std::make_unique<ResponseParser>(no_body, label);
  for (;;) {
    if (!rest.empty()) {
      const std::size_t taken = parser->put_head(rest);
      rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(taken));
      if (parser->head_done()) return parser;
    }
    std::array<std::byte, kHeadRead> block;
    const std::size_t count = connection.read_some(block, wait);
    if (count == 0) {
      RegistryError::Fields fields;
      fields.url = url;
      fields.retryable = true;
      throw Unreachable(label + ": the connection was closed before an answer came", std::move(fields), kBrokenHint);
    }
    rest.insert(rest.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace

Exchange::Exchange(const Request& request, Pool::Lease lease, const HttpTimeouts& timeouts, const CancelToken& cancel)
    : request_(request),
      lease_(std::move(lease)),
      idle_{limited(timeouts.idle, request), cancel},
      answer_{limited(timeouts.response, request), cancel},
      url_(redact(request.url)),
      label_(request.method + " " + url_) {}

void Exchange::use(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }

void Exchange::send() { send_head(BodyFraming::length, request_.body); }

void Exchange::begin_chunked() { send_head(BodyFraming::chunked, {}); }

void Exchange::send_head(BodyFraming framing, ByteView body) {
  const Route& route = lease_.route();
  if (!route.proxy.empty() && route.scheme == "http") {
    Request forwarded = request_;
    if (auto credentials = proxy_authorization(*Url::parse(route.proxy)); !credentials.empty()) {
      forwarded.headers.set("Proxy-Authorization", std::move(credentials));
    }
    head_ = serialize_head(forwarded, request_.url.origin() + request_.url.target(), framing);
  } else {
    head_ = serialize_head(request_, request_.url.target(), framing);
  }
  connection_->begin_request(request_.method, url_);
  sent_ = send_more(as_bytes(head_), body);
}

bool Exchange::send_more(ByteView head, ByteView body) {
  connection_->queue(head, body);
  sent_ = connection_->flush(idle_);
  return sent_;
}

Response Exchange::receive() {
  const bool no_body = request_.method == "HEAD";
  Bytes rest;
  auto parser = read_head(*connection_, no_body, label_, url_, rest, answer_);
  while (parser->status() < 200) {  // 100 Continue, 103 Early Hints
    if (!sent_) sent_ = connection_->flush(idle_);
    parser = read_head(*connection_, no_body, label_, url_, rest, answer_);
  }
  // The caller's memory is not ours any more once it has the answer.
  if (!sent_) connection_->stop_sending();
  Response response;
  response.status = parser->status();
  response.headers = parser->headers();
  response.content_length = parser->content_length();
  response.body =
      std::make_unique<WireBody>(WireBody::Source{std::move(lease_), std::move(connection_), std::move(parser),
                                                  std::move(rest), idle_, label_, url_, sent_},
                                 no_body);
  return response;
}

bool Exchange::answered() const { return connection_ != nullptr && connection_->received() > 0; }

}  // namespace accel::net
