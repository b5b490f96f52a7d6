#include "accel/net/connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstring>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::net {

namespace asio = boost::asio;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::chrono::milliseconds kCancelPoll{100};
/// One write operation at most, so that an early answer is noticed in time and progress is seen.
constexpr std::size_t kWritePiece = 256U << 10U;
/// Holds what arrives while a request is sent: usually the answer's head.
constexpr std::size_t kReadAhead = 16U << 10U;

bool is_end(const error_code& error) {
  // Many servers close without TLS's goodbye; whoever knows the length notices truncation.
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

}  // namespace

struct Connection::Impl {
  // One context a connection: its handlers run only inside our blocking calls, on the caller's thread.
  asio::io_context io{1};
  asio::ip::tcp::socket socket{io};
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls;
  std::string peer, method, url;
  const char* hint = "check host and port, and that the registry runs";  // until it is connected

  std::array<ByteView, 2> out;
  bool writing = false;
  error_code write_error;
  std::uint64_t sent = 0;

  bool reading = false;   // into `ahead`, or into a caller's buffer that read_some waits for
  error_code read_error;  // of the read-ahead that nobody has seen yet
  std::array<std::byte, kReadAhead> ahead;
  std::size_t ahead_begin = 0, ahead_end = 0;
  std::uint64_t received = 0;

  ~Impl() { close(); }

  void close() {
    error_code ignored;
    socket.close(ignored);
    // Lets aborted operations end, so that nothing refers to the caller's buffers any more.
    io.restart();
    io.poll(ignored);
  }

  [[noreturn]] void fail(const std::string& reason, std::string code = {}) {
    close();
    RegistryError::Fields fields;
    fields.code = std::move(code);
    fields.method = method;
    fields.url = url.empty() ? peer : url;
    fields.retryable = true;
    std::string where = method.empty() ? fields.url : method + " " + fields.url;
    if (!where.empty()) where += ": ";  // nothing is known yet while connecting
    throw Unreachable(where + reason, std::move(fields), hint);
  }

  [[noreturn]] void fail(const error_code& error) {
    fail(is_end(error) ? "the connection was closed before the answer was complete" : error.message());
  }

  /// Runs handlers until `done`. `deadline` is asked again at each round because progress moves it.
  template <class Done, class Deadline>
  void pump(const Wait& wait, std::string_view what, Done done, Deadline deadline) {
    while (!done()) {
      if (wait.cancel.cancelled()) {
        close();
        throw Cancelled();
      }
      const auto now = std::chrono::steady_clock::now();
      const SteadyTime end = deadline();
      if (now >= end) {
        fail(std::string(what) + " took longer than " + std::to_string(wait.timeout.count()) + " ms");
      }
      io.restart();
      io.run_one_for(std::min<std::chrono::steady_clock::duration>(kCancelPoll, end - now));
    }
  }

  template <class Done>
  void pump(const Wait& wait, std::string_view what, Done done) {
    const SteadyTime end = std::chrono::steady_clock::now() + wait.timeout;
    pump(wait, what, done, [end] { return end; });
  }

  template <class Handler>
  void async_read(MutableByteView into, Handler handler) {
    const asio::mutable_buffer buffer(into.data(), into.size());
    if (tls) {
      tls->async_read_some(buffer, std::move(handler));
    } else {
      socket.async_read_some(buffer, std::move(handler));
    }
  }

  void read_ahead() {
    if (reading || read_error || ahead_begin != ahead_end) return;
    reading = true;
    async_read(ahead, [this](error_code error, std::size_t count) {
      reading = false;
      read_error = error;
      ahead_begin = 0;
      ahead_end = count;
      received += count;
    });
  }

  void write_next() {
    if (out[0].empty()) out[0] = std::exchange(out[1], ByteView{});
    if (out[0].empty()) return;
    writing = true;
    const auto handler = [this](error_code error, std::size_t count) {
      writing = false;
      write_error = error;
      sent += count;
      out[0] = out[0].subspan(std::min(count, out[0].size()));  // empty after stop_sending
      if (!error) write_next();
    };
    const ByteView first = out[0].first(std::min(out[0].size(), kWritePiece));
    const asio::const_buffer buffer(first.data(), first.size());
    if (tls) {
      tls->async_write_some(buffer, handler);
    } else {
      socket.async_write_some(buffer, handler);
    }
  }
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

std::unique_ptr<Connection> Connection::open(const std::string& address, std::uint16_t port, const std::string& peer,
                                             const Wait& wait) {
  auto impl = std::make_unique<Impl>();
  impl->peer = peer;
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) impl->fail("address " + address + ": " + error.message());
  bool done = false;
  impl->socket.async_connect({ip, port}, [&](error_code result) {
    error = result;
    done = true;
  });
  impl->pump(wait, "connecting to " + address, [&] { return done; });
  if (error) {
    impl->fail("connect to " + address + " port " + std::to_string(port) + ": " + error.message(),
               error == asio::error::connection_refused ? kRefused : "");
  }
  impl->hint = kBrokenHint;
  impl->socket.set_option(asio::ip::tcp::no_delay(true), error);
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

void Connection::start_tls(const TlsContext& context, const std::string& host, const Wait& wait) {
  Impl& impl = *impl_;
  impl.tls.emplace(impl.socket, context.new_handle(host));
  bool done = false;
  error_code error;
  impl.tls->async_handshake(asio::ssl::stream_base::client, [&](error_code result) {
    error = result;
    done = true;
  });
  impl.pump(wait, "TLS handshake", [&] { return done; });
  if (!error) return;
  const bool ssl_error = error.category() == asio::error::get_ssl_category();
  if (!ssl_error && !is_end(error)) impl.fail("TLS handshake: " + error.message());
  const auto code = static_cast<unsigned long>(error.value());
  const bool not_tls = !ssl_error || is_not_tls(code);
  RegistryError::Fields fields;
  fields.code = not_tls ? "NOT_TLS" : "";
  fields.url = impl.peer;
  const std::string reason =
      ssl_error ? handshake_failure(impl.tls->native_handle(), code) : std::string("the peer closed the connection");
  throw TlsError("TLS handshake with " + impl.peer + ": " + reason, std::move(fields),
                 not_tls ? "if the registry speaks plain HTTP, set plain_http for this host"
                         : "pass the CA with ca_file, or set insecure to skip the check");
}

std::string Connection::describe_tls() const {
  return impl_->tls ? describe_session(impl_->tls->native_handle()) : std::string();
}

void Connection::begin_request(std::string method, std::string redacted_url) {
  impl_->method = std::move(method);
  impl_->url = std::move(redacted_url);
  impl_->received = 0;
}

void Connection::queue(ByteView head, ByteView body) { impl_->out = {head, body}; }

bool Connection::flush(const Wait& wait) {
  Impl& impl = *impl_;
  if (!impl.writing) impl.write_next();
  impl.read_ahead();
  std::uint64_t seen = impl.sent;
  SteadyTime end = std::chrono::steady_clock::now() + wait.timeout;
  impl.pump(
      wait, "sending without progress", [&] { return !impl.writing || !impl.reading; },
      [&] {
        if (impl.sent != seen) end = std::chrono::steady_clock::now() + wait.timeout;
        seen = impl.sent;
        return end;
      });
  const bool all_sent = !impl.writing && impl.out[0].empty() && impl.out[1].empty() && !impl.write_error;
  if (all_sent) return true;
  // A peer that refuses a body answers and closes: the write fails, yet the answer is there to be read.
  if (impl.write_error && impl.reading) {
    impl.pump(wait, "waiting for an answer", [&] { return !impl.reading; });
  }
  if (impl.ahead_begin != impl.ahead_end) return false;
  impl.fail(impl.write_error ? impl.write_error : impl.read_error);
}

void Connection::stop_sending() {
  Impl& impl = *impl_;
  impl.out = {};
  if (!impl.writing) return;
  error_code ignored;
  impl.socket.cancel(ignored);
  // A cancelled operation ends with the next round of its handlers.
  impl.pump({std::chrono::seconds(1), {}}, "giving up a request", [&] { return !impl.writing; });
}

std::size_t Connection::read_some(MutableByteView out, const Wait& wait) {
  Impl& impl = *impl_;
  if (out.empty()) return 0;
  if (impl.reading) impl.pump(wait, "waiting for data", [&] { return !impl.reading; });
  if (impl.ahead_begin != impl.ahead_end) {
    const std::size_t count = std::min(out.size(), impl.ahead_end - impl.ahead_begin);
    std::memcpy(out.data(), impl.ahead.data() + impl.ahead_begin, count);
    impl.ahead_begin += count;
    return count;
  }
  error_code error = std::exchange(impl.read_error, {});
  std::size_t count = 0;
  if (!error) {
    impl.reading = true;
    impl.async_read(out, [&](error_code result, std::size_t received) {
      impl.reading = false;
      error = result;
      count = received;
    });
    impl.pump(wait, "waiting for data", [&] { return !impl.reading; });
    impl.received += count;
  }
  if (error && is_end(error)) return 0;
  if (error) impl.fail(error);
  return count;
}

bool Connection::idle() {
  Impl& impl = *impl_;
  if (impl.reading || impl.writing || impl.read_error || impl.ahead_begin != impl.ahead_end) return false;
  pollfd state{impl.socket.native_handle(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 0;
}

std::uint64_t Connection::received() const noexcept { return impl_->received; }

}  // namespace accel::net
