/// Passes connections on to a server and cuts them where a test wants: between a client and a real registry, it makes
/// the network fail. Also a proxy that speaks CONNECT.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "support/loopback_listener.hpp"

namespace accel::testing {

/// Runs until it is destroyed.
class TcpRelay {
 public:
  enum class Mode { transparent, connect_proxy };

  /// Listens on 127.0.0.1 and passes everything on to `target_port` there; as a proxy whatever name is asked for.
  explicit TcpRelay(std::uint16_t target_port, Mode mode = Mode::transparent);

  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  [[nodiscard]] std::string host() const { return listener_.host(); }

  /// Resets the connection over which the next `bytes` bytes from the client have passed; once.
  void cut_upload_after(std::int64_t bytes) { upload_left_ = bytes; }
  /// The same for bytes to the client.
  void cut_download_after(std::int64_t bytes) { download_left_ = bytes; }
  /// Cuts that happened.
  [[nodiscard]] int cuts() const { return cuts_; }

  /// As a proxy: what it answers to CONNECT instead of a tunnel; "" = a tunnel.
  void refuse_with(std::string answer);
  /// As a proxy: the heads of the CONNECT requests so far.
  [[nodiscard]] std::vector<std::string> connects() const;

 private:
  void serve(int client);
  bool open_tunnel(int client);
  void pump(int from, int to, std::atomic<std::int64_t>& left);

  std::uint16_t target_port_;
  Mode mode_;
  std::atomic<std::int64_t> upload_left_{-1}, download_left_{-1};  ///< negative: no cut
  std::atomic<int> cuts_{0};
  mutable std::mutex mutex_;
  std::string refusal_;
  std::vector<std::string> connects_;
  LoopbackListener listener_;
};

}  // namespace accel::testing
