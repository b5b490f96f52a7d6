#include "accel/net/http_client.hpp"

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
      throw Unreachable(label + ": the connection was closed before an answer came", std::move(fields));
    }
    rest.insert(rest.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

}  // namespace

HttpClient::HttpClient(std::shared_ptr<Connector> connector, std::shared_ptr<Pool> pool, HttpTimeouts timeouts)
    : connector_(std::move(connector)), pool_(std::move(pool)), timeouts_(timeouts) {}

Response HttpClient::send(const Request& request, const CancelToken& cancel) {
  Pool::Lease lease = pool_->acquire(connector_->route(request.url), request.hold, cancel);
  if (auto kept = lease.take()) {
    try {
      return exchange(lease, kept, request, cancel);
    } catch (const Unreachable&) {
      const bool answered = !kept || kept->received() > 0;
      if (answered || request.method == "PATCH") throw;
    }
  }
  auto fresh = connector_->connect(lease.route(), request.limit, cancel);
  return exchange(lease, fresh, request, cancel);
}

Response HttpClient::exchange(Pool::Lease& lease, std::unique_ptr<Connection>& connection, const Request& request,
                              const CancelToken& cancel) {
  const std::string url = redact(request.url);
  const std::string label = request.method + " " + url;
  const Route& route = lease.route();
  const bool through_proxy = !route.proxy.empty() && route.scheme == "http";
  std::string head;
  if (through_proxy) {
    Request forwarded = request;
    if (auto credentials = proxy_authorization(*Url::parse(route.proxy)); !credentials.empty()) {
      forwarded.headers.set("Proxy-Authorization", std::move(credentials));
    }
    head = serialize_head(forwarded, request.url.origin() + request.url.target());
  } else {
    head = serialize_head(request, request.url.target());
  }
  const Wait idle{limited(timeouts_.idle, request), cancel};
  const Wait answer{limited(timeouts_.response, request), cancel};
  connection->begin_request(request.method, url);
  connection->queue(as_bytes(head), request.body);
  bool sent = connection->flush(idle);
  const bool no_body = request.method == "HEAD";
  Bytes rest;
  auto parser = read_head(*connection, no_body, label, url, rest, answer);
  while (parser->status() < 200) {  // 100 Continue, 103 Early Hints
    if (!sent) sent = connection->flush(idle);
    parser = read_head(*connection, no_body, label, url, rest, answer);
  }
  Response response;
  response.status = parser->status();
  response.headers = parser->headers();
  response.content_length = parser->content_length();
  response.body =
      std::make_unique<WireBody>(WireBody::Source{std::move(lease), std::move(connection), std::move(parser),
                                                  std::move(rest), idle, label, url, sent},
                                 no_body);
  return response;
}

}  // namespace accel::net
