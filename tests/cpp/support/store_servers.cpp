#include "support/store_servers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "accel/io/unique_fd.hpp"
#include "support/peer_program.hpp"

namespace accel::testing {

namespace {

namespace fs = std::filesystem;

std::string gateway_program() { return peer_program("versitygw/bin/versitygw"); }

/// Waits until `ready` holds; false when the process ends before or half a minute passes.
template <class Ready>
bool wait_until(ChildProcess& process, Ready ready) {
  for (int i = 0; i < 3000 && process.running(); ++i) {
    if (ready()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

bool S3Gateway::available() { return !gateway_program().empty(); }

S3Gateway::S3Gateway(const std::string& certificate, const std::string& key) {
  fs::create_directories(directory_ / "store" / kBucket);
  // Object attributes in files: /tmp may be on a file system without extended attributes.
  fs::create_directories(directory_ / "sidecar");
  // Another process may take the free port before the server does: then it ends at once and we try another.
  for (int round = 0; round < 3; ++round) {
    port_ = free_port();
    std::vector<std::string> arguments = {gateway_program(), "--port", host(),     "--access", kKeyId,
                                          "--secret",        kSecret,  "--region", kRegion,    "--keep-alive"};
    if (!certificate.empty()) arguments.insert(arguments.end(), {"--cert", certificate, "--key", key});
    arguments.insert(arguments.end(),
                     {"posix", "--sidecar", (directory_ / "sidecar").string(), (directory_ / "store").string()});
    process_ = std::make_unique<ChildProcess>(arguments, (directory_ / "log").string());
    if (wait_until(*process_, [this] { return port_answers(port_); })) return;
  }
  throw std::runtime_error("versitygw does not come up: " + directory_.read("log"));
}

std::string S3Gateway::object(const std::string& key) const {
  return directory_.read("store/" + std::string(kBucket) + "/" + key);
}

std::size_t S3Gateway::files() const {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory_ / "store" / kBucket)) {
    count += entry.is_regular_file();
  }
  return count;
}

OssServer::OssServer() {
  const std::string program = std::string(ACCEL_SOURCE_DIR) + "/tests/support/oss_server.py";
  process_ = std::make_unique<ChildProcess>(std::vector<std::string>{"python3", program, kBucket, kKeyId, kSecret},
                                            (directory_ / "log").string());
  const bool up = wait_until(*process_, [this] {
    const std::string text = directory_.read("log");
    if (!text.ends_with('\n')) return false;
    port_ = static_cast<std::uint16_t>(std::atoi(text.c_str()));
    return port_ != 0;
  });
  if (!up) throw std::runtime_error("oss_server.py does not come up: " + directory_.read("log"));
}

std::string OssServer::state() const {
  const io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
  const std::string request = "GET /?state HTTP/1.1\r\nHost: " + host() + "\r\nConnection: close\r\n\r\n";
  if (::write(socket.get(), request.data(), request.size()) != static_cast<ssize_t>(request.size())) return "";
  std::string answer;
  std::vector<char> block(64U << 10U);
  for (ssize_t count; (count = ::read(socket.get(), block.data(), block.size())) > 0;) {
    answer.append(block.data(), static_cast<std::size_t>(count));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

}  // namespace accel::testing
