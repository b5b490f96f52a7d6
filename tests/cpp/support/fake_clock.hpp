/// A clock that nobody waits for.
#pragma once

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "accel/base/clock.hpp"

namespace accel::testing {

/// Time stands still; sleeps end at once, and `on_sleep` is what happens meanwhile. Used by one thread at a time.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::function<void()> on_sleep = {}) : on_sleep_(std::move(on_sleep)) {}
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return {}; }
  [[nodiscard]] std::chrono::system_clock::time_point date() const override { return {}; }
  void sleep(std::chrono::milliseconds duration, const CancelToken& cancel) override {
    cancel.check();
    slept.push_back(duration);
    if (on_sleep_) on_sleep_();
  }
  std::vector<std::chrono::milliseconds> slept;

 private:
  const std::function<void()> on_sleep_;
};

}  // namespace accel::testing
