/// What the tests' own servers share: a listening socket on 127.0.0.1 and a thread for each connection to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace accel::testing {

/// Sends everything, however long that takes; false when the connection has ended.
bool send_all(int fd, std::string_view data);

/// Makes the closing of a socket an RST instead of a FIN.
void reset_on_close(int fd);

/// Accepts connections on a free port until it is destroyed. Make it the last member: its threads use the others.
class LoopbackListener {
 public:
  /// Serves one connection, with its number, from 1. Called on a thread of its own; `fd` is closed after it.
  using Serve = std::function<void(int fd, int connection)>;

  explicit LoopbackListener(Serve serve);
  /// Shuts all sockets down, so that everything that waits for them returns, and waits for the threads.
  ~LoopbackListener();
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// "127.0.0.1:port".
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Connections accepted so far.
  [[nodiscard]] int connections() const { return accepted_; }
  /// True once the destructor has begun: what sleeps should stop sleeping.
  [[nodiscard]] bool stopping() const { return stopping_; }

  /// Connects to another port of 127.0.0.1; the socket is shut down and closed like an accepted one. -1 when refused.
  int connect(std::uint16_t port);
  /// Closes a socket of `connect`.
  void close(int fd);

 private:
  void accept_loop();
  void keep(int fd);

  Serve serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<int> open_;  ///< sockets that threads are busy with
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

}  // namespace accel::testing
