/// A lock for work that takes long (a request): waiting for it can be cancelled.
#pragma once

#include <condition_variable>
#include <mutex>

#include "accel/base/cancel.hpp"

namespace accel::registry {

class Exclusive {
 public:
  /// The lock, held until the end of the scope.
  class Guard {
   public:
    explicit Guard(Exclusive& owner) : owner_(owner) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    Exclusive& owner_;
  };

  /// Waits until nobody else holds it. Throws Cancelled.
  [[nodiscard]] Guard lock(const CancelToken& cancel);

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool held_ = false;
};

}  // namespace accel::registry
