#include "support/tcp_relay.hpp"

#include <sys/socket.h>

#include <thread>
#include <utility>

namespace accel::testing {

TcpRelay::TcpRelay(std::uint16_t target_port, Mode mode)
    : target_port_(target_port), mode_(mode), listener_([this](int fd, int) { serve(fd); }) {}

void TcpRelay::refuse_with(std::string answer) {
  const std::lock_guard lock(mutex_);
  refusal_ = std::move(answer);
}

std::vector<std::string> TcpRelay::connects() const {
  const std::lock_guard lock(mutex_);
  return connects_;
}

bool TcpRelay::open_tunnel(int client) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    char c = 0;
    if (::recv(client, &c, 1, 0) != 1) return false;
    head.push_back(c);
  }
  std::string answer;
  {
    const std::lock_guard lock(mutex_);
    connects_.push_back(head);
    answer = refusal_;
  }
  const bool refused = !answer.empty();
  if (!refused) answer = "HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n";
  return send_all(client, answer) && !refused;
}

void TcpRelay::serve(int client) {
  if (mode_ == Mode::connect_proxy && !open_tunnel(client)) return;
  const int server = listener_.connect(target_port_);
  if (server < 0) return;
  std::thread up([&] { pump(client, server, upload_left_); });
  pump(server, client, download_left_);
  up.join();
  listener_.close(server);
}

void TcpRelay::pump(int from, int to, std::atomic<std::int64_t>& left) {
  char block[65536];
  for (;;) {
    const ssize_t count = ::recv(from, block, sizeof block, 0);
    if (count <= 0) break;
    std::int64_t allowed = left;
    if (allowed < 0) {
      if (!send_all(to, {block, static_cast<std::size_t>(count)})) break;
      continue;
    }
    if (count < allowed) {
      left = allowed - count;
      if (!send_all(to, {block, static_cast<std::size_t>(count)})) break;
      continue;
    }
    left = -1;
    ++cuts_;
    send_all(to, {block, static_cast<std::size_t>(allowed)});
    reset_on_close(from);
    break;
  }
  ::shutdown(to, SHUT_RDWR);
  ::shutdown(from, SHUT_RDWR);
}

}  // namespace accel::testing
