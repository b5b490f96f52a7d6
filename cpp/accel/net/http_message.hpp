/// Requests and answers as values.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/net/url.hpp"

namespace accel::net {

/// Header fields in order; names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces all fields of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  /// The first value, "" when absent.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept;
  /// Every value of that name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Who waits for whom when a host's connections are all in use; see Pool.
enum class Hold : unsigned char {
  brief,  ///< the answer is read at once: counts against the limit and waits for it
  open,   ///< the caller keeps the answer's body open for as long as it likes: does not wait
};

/// One request. The bytes of `body` must stay valid while it is sent.
struct Request {
  std::string method = "GET";
  Url url;
  Headers headers;
  ByteView body;
  Hold hold = Hold::brief;
  /// When not 0: connecting, waiting for the answer and every pause last at most this long.
  std::chrono::milliseconds limit{0};
};

/// What follows the headers of an answer. Used by one thread at a time.
class Body {
 public:
  virtual ~Body() = default;
  /// Reads 1 to out.size() bytes; 0 only at the end. Throws Unreachable (retryable) when the peer ends too early or
  /// falls silent, Cancelled when the request's token is.
  virtual std::size_t read(MutableByteView out) = 0;
};

/// One answer. Destroying it with an unread body closes the connection.
struct Response {
  int status = 0;
  Headers headers;
  std::unique_ptr<Body> body;                   ///< never null
  std::optional<std::uint64_t> content_length;  ///< of the body; for HEAD what GET would have
};

/// The whole body, at most `limit` bytes: nothing when there is more (the body is then left unread).
std::optional<std::string> read_all(Body& body, std::size_t limit);

/// How a request's head announces its body.
enum class BodyFraming : unsigned char {
  length,   ///< Content-Length of `Request::body`, for methods that carry one
  chunked,  ///< Transfer-Encoding: chunked; the body follows piece by piece
};

/// Request line and header fields as they go over the wire. `target` is the request line's: path and query, or the
/// whole URL for a proxy. Adds Host and the fields of the framing. Throws ConfigError when a method or header field
/// holds a character that would end the line.
std::string serialize_head(const Request& request, std::string_view target, BodyFraming framing = BodyFraming::length);

}  // namespace accel::net
