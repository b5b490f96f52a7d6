/// Time as an injected interface, so that tests of waits and expiries need no waiting.
#pragma once

#include <chrono>
#include <memory>

#include "accel/base/cancel.hpp"

namespace accel {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// For intervals and deadlines.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
  /// For dates that come from outside.
  [[nodiscard]] virtual std::chrono::system_clock::time_point date() const = 0;
  /// Waits `duration`. Throws Cancelled as soon as the token is.
  virtual void sleep(std::chrono::milliseconds duration, const CancelToken& cancel) = 0;
};

/// The machine's clocks.
std::shared_ptr<Clock> system_clock();

}  // namespace accel
