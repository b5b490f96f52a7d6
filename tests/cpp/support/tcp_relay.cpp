#include "support/tcp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace accel::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool send_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::send(fd, data, size, MSG_NOSIGNAL);
    if (count <= 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

TcpRelay::TcpRelay(std::uint16_t target_port, Mode mode) : target_port_(target_port), mode_(mode) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

TcpRelay::~TcpRelay() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& worker : workers_) worker.join();
}

void TcpRelay::refuse_with(std::string answer) {
  const std::lock_guard lock(mutex_);
  refusal_ = std::move(answer);
}

std::vector<std::string> TcpRelay::connects() const {
  const std::lock_guard lock(mutex_);
  return connects_;
}

void TcpRelay::accept_loop() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    no_delay(fd);
    const std::lock_guard lock(mutex_);
    sockets_.push_back(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
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
  return send_all(client, answer.data(), answer.size()) && !refused;
}

void TcpRelay::serve(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  {
    const std::lock_guard lock(mutex_);
    sockets_.push_back(server);
  }
  const sockaddr_in address = loopback(target_port_);
  if ((mode_ == Mode::transparent || open_tunnel(client)) &&
      ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    no_delay(server);
    std::thread up([&] { pump(client, server, upload_left_); });
    pump(server, client, download_left_);
    up.join();
  }
  const std::lock_guard lock(mutex_);
  for (const int fd : {client, server}) {
    std::erase(sockets_, fd);
    ::close(fd);
  }
}

void TcpRelay::pump(int from, int to, std::atomic<std::int64_t>& left) {
  char block[65536];
  for (;;) {
    const ssize_t count = ::recv(from, block, sizeof block, 0);
    if (count <= 0) break;
    std::int64_t allowed = left;
    if (allowed < 0) {
      if (!send_all(to, block, static_cast<std::size_t>(count))) break;
      continue;
    }
    if (count < allowed) {
      left = allowed - count;
      if (!send_all(to, block, static_cast<std::size_t>(count))) break;
      continue;
    }
    left = -1;
    ++cuts_;
    send_all(to, block, static_cast<std::size_t>(allowed));
    const linger now{1, 0};
    ::setsockopt(from, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    break;
  }
  ::shutdown(to, SHUT_RDWR);
  ::shutdown(from, SHUT_RDWR);
}

}  // namespace accel::testing
