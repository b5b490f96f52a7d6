#include "accel/net/pool.hpp"

#include <algorithm>
#include <utility>

namespace accel::net {

Pool::Pool(std::size_t max_connections, std::chrono::milliseconds max_idle)
    : max_connections_(std::max<std::size_t>(max_connections, 1)), max_idle_(max_idle) {}

Pool::Lease Pool::acquire(Route route, Hold hold, const CancelToken& cancel) {
  cancel.check();
  if (hold == Hold::brief) {
    // Declared before the lock: the callback takes the mutex, and taking it back waits for a running callback.
    const auto registration = cancel.on_cancel([this] {
      const std::lock_guard lock(mutex_);
      freed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    Host& host = hosts_[route];
    freed_.wait(lock, [&] { return cancel.cancelled() || host.running < max_connections_; });
    if (!cancel.cancelled()) {
      ++host.running;
      return {shared_from_this(), std::move(route), hold};
    }
  }
  cancel.check();
  return {shared_from_this(), std::move(route), hold};
}

std::size_t Pool::idle_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [route, host] : hosts_) count += host.idle.size();
  return count;
}

Pool::Lease::Lease(std::shared_ptr<Pool> pool, Route route, Hold hold)
    : pool_(std::move(pool)), route_(std::move(route)), hold_(hold) {}

Pool::Lease::~Lease() {
  if (!pool_ || hold_ == Hold::open) return;
  const std::lock_guard lock(pool_->mutex_);
  --pool_->hosts_[route_].running;
  pool_->freed_.notify_all();
}

std::unique_ptr<Connection> Pool::Lease::take() {
  std::vector<Idle> dropped;  // closed after the lock is released
  const std::lock_guard lock(pool_->mutex_);
  auto& idle = pool_->hosts_[route_].idle;
  const auto now = std::chrono::steady_clock::now();
  while (!idle.empty()) {
    Idle entry = std::move(idle.back());
    idle.pop_back();
    if (now - entry.since < pool_->max_idle_ && entry.connection->idle()) return std::move(entry.connection);
    dropped.push_back(std::move(entry));
  }
  return nullptr;
}

void Pool::Lease::give_back(std::unique_ptr<Connection> connection) {
  std::vector<Idle> dropped;  // closed after the lock is released
  const std::lock_guard lock(pool_->mutex_);
  const auto now = std::chrono::steady_clock::now();
  // Storage hosts that redirects led to once may never be asked again: all hosts are looked through.
  for (auto& [route, host] : pool_->hosts_) {
    while (!host.idle.empty() && now - host.idle.front().since >= pool_->max_idle_) {
      dropped.push_back(std::move(host.idle.front()));
      host.idle.erase(host.idle.begin());
    }
  }
  auto& idle = pool_->hosts_[route_].idle;
  if (idle.size() >= pool_->max_connections_) {
    dropped.push_back(std::move(idle.front()));
    idle.erase(idle.begin());
  }
  idle.push_back({std::move(connection), now});
}

}  // namespace accel::net
