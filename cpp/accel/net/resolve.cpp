#include "accel/net/resolve.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "accel/base/error.hpp"

namespace accel::net {

namespace {

/// Shared by the asker and the thread that asks the system: whoever ends last frees it.
struct Lookup {
  std::mutex mutex;
  std::condition_variable woken;
  bool done = false;
  bool cancelled = false;
  int error = 0;
  std::vector<std::string> addresses;
};

std::vector<std::string> query(const std::string& host, int& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  std::vector<std::string> addresses;
  error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) return addresses;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) error = EAI_NONAME;
  return addresses;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> buffer{};
  return inet_pton(AF_INET, host.c_str(), buffer.data()) == 1 || inet_pton(AF_INET6, host.c_str(), buffer.data()) == 1;
}

Unreachable failure(const std::string& host, const std::string& reason, bool retryable) {
  RegistryError::Fields fields;
  fields.url = host;
  fields.retryable = retryable;
  return Unreachable("look up host " + host + ": " + reason, fields, "check the name and the DNS settings");
}

}  // namespace

std::vector<std::string> resolve(const std::string& host, std::chrono::milliseconds timeout,
                                 const CancelToken& cancel) {
  cancel.check();
  if (is_address(host)) return {host};
  auto lookup = std::make_shared<Lookup>();
  // getaddrinfo cannot be interrupted and may block for many seconds. A detached thread lets the asker leave at once;
  // it touches nothing but the shared state.
  std::thread([lookup, host] {
    int error = 0;
    auto addresses = query(host, error);
    const std::lock_guard lock(lookup->mutex);
    lookup->done = true;
    lookup->error = error;
    lookup->addresses = std::move(addresses);
    lookup->woken.notify_all();
  }).detach();
  {
    const auto registration = cancel.on_cancel([lookup] {
      const std::lock_guard lock(lookup->mutex);
      lookup->cancelled = true;
      lookup->woken.notify_all();
    });
    std::unique_lock lock(lookup->mutex);
    lookup->woken.wait_for(lock, timeout, [&] { return lookup->done || lookup->cancelled; });
  }
  cancel.check();
  const std::lock_guard lock(lookup->mutex);
  if (!lookup->done) throw failure(host, "no answer within " + std::to_string(timeout.count()) + " ms", true);
  if (lookup->error != 0) throw failure(host, gai_strerror(lookup->error), lookup->error == EAI_AGAIN);
  return lookup->addresses;
}

}  // namespace accel::net
