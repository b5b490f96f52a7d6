/// Connections kept for the next request, and the limit of requests per host.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/net/connection.hpp"
#include "accel/net/connector.hpp"
#include "accel/net/http_message.hpp"

namespace accel::net {

/// Thread-safe.
///
/// The limit's rule: at most `max_connections` **brief** requests are under way per route, further ones wait. An
/// **open** one (a download that the caller holds while it does other things) never waits and is not counted, or a
/// caller with one download and one upload could wait for itself. Brief requests end by themselves, so every waiter
/// gets its turn. The number of connections is therefore at most the limit plus the caller's open downloads.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  /// `max_connections` is at least 1. Unused connections are dropped after `max_idle`.
  explicit Pool(std::size_t max_connections, std::chrono::milliseconds max_idle = std::chrono::seconds(50));

  /// The right to one request; ends with the lease.
  class Lease {
   public:
    Lease(std::shared_ptr<Pool> pool, Route route, Hold hold);
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] const Route& route() const noexcept { return route_; }
    /// A kept connection that still looks alive; null when there is none.
    std::unique_ptr<Connection> take();
    /// Keeps a connection that is fit for another request.
    void give_back(std::unique_ptr<Connection> connection);

   private:
    std::shared_ptr<Pool> pool_;
    Route route_;
    Hold hold_;
  };

  /// Waits for a brief request's turn. Throws Cancelled.
  Lease acquire(Route route, Hold hold, const CancelToken& cancel);

  /// Connections that wait for a request. For tests.
  [[nodiscard]] std::size_t idle_count() const;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  struct Host {
    std::size_t running = 0;  ///< brief requests
    std::vector<Idle> idle;   ///< oldest first
  };

  const std::size_t max_connections_;
  const std::chrono::milliseconds max_idle_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::map<Route, Host> hosts_;
};

}  // namespace accel::net
