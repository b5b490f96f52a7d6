/// A small HTTP/1.1 server on 127.0.0.1 that can misbehave on request. Plain sockets and threads, so that it shares no
/// code with what it tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/loopback_listener.hpp"

namespace accel::testing {

struct HttpRequest {
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< as much of it as was read
  int connection = 0;                          ///< number of the connection, from 1

  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }
  /// The decoded value of a query parameter, "" when absent.
  [[nodiscard]] std::string query(const std::string& name) const;
};

/// An answer, and what goes wrong with it.
struct HttpReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::chrono::milliseconds delay{0};                           ///< before the first byte of the answer
  std::optional<std::uint64_t> declared_length = std::nullopt;  ///< Content-Length; default: the body's
  bool chunked = false;                                         ///< chunked framing instead of Content-Length
  bool until_close = false;                                     ///< neither: the end of the connection ends the body
  std::optional<std::size_t> cut_after = std::nullopt;          ///< end the connection after that many bytes of body
  bool no_answer = false;                                       ///< end the connection instead of answering
  bool reset = false;                                           ///< end it with RST instead of FIN
  bool close = false;                                           ///< end the connection after the answer, saying so
  bool close_silently = false;                                  ///< end it after the answer, without saying so
};

/// Runs until it is destroyed.
class HttpServer {
 public:
  /// Makes the answer. Called from several threads at once.
  using Handler = std::function<HttpReply(const HttpRequest&)>;
  /// How much of a body is read before the handler is asked; nothing = all. Called with an empty body.
  using BodyLimit = std::function<std::optional<std::size_t>(const HttpRequest&)>;

  explicit HttpServer(Handler handler, BodyLimit body_limit = {});

  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  /// "127.0.0.1:port".
  [[nodiscard]] std::string host() const { return listener_.host(); }
  [[nodiscard]] std::string url(const std::string& target) const { return "http://" + host() + target; }
  /// Connections accepted so far.
  [[nodiscard]] int connections() const { return listener_.connections(); }

 private:
  void serve(int fd, int connection);
  bool serve_one(int fd, int connection, std::string& received);

  Handler handler_;
  BodyLimit body_limit_;
  LoopbackListener listener_;
};

}  // namespace accel::testing
