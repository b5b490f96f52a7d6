/// The one place that repeats requests.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/base/error.hpp"
#include "accel/base/log.hpp"

namespace accel::net {

struct RetryPolicy {
  int max_attempts = 6;                         ///< the first included
  std::chrono::milliseconds backoff_base{250};  ///< doubled at each try
  std::chrono::milliseconds backoff_max{30'000};
  /// A registry that asks for a longer pause gets its error reported instead: the caller has better use for its time.
  std::chrono::milliseconds retry_after_max{120'000};
};

/// What retries need from outside. Copies share clock and log.
struct RetryServices {
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Logger> log;
  std::function<double()> random;  ///< 0 ≤ value < 1; thread-safe
};

/// Real clock, thread-safe random numbers.
RetryServices system_retry_services(std::shared_ptr<Logger> log);

/// The tries of one piece of work. Used by one thread at a time.
class Retry {
 public:
  Retry(const RetryPolicy& policy, const RetryServices& services, std::string_view what, CancelToken cancel);

  /// Call inside a catch block: returns, after the wait, when another try is due; else rethrows the exception.
  /// Only RegistryError::retryable decides; Retry-After is honoured, otherwise the wait is exponential with jitter.
  void wait_or_rethrow(const RegistryError& error);
  /// The last try got `bytes` further: attempts and waits start anew once that has become kProgress since the last
  /// failure. Less is no progress, or a peer that lets one byte through each time would keep us for ever.
  void made_progress(std::uint64_t bytes) noexcept {
    progress_ += bytes;
    if (progress_ >= kProgress) failures_ = 0;
  }
  static constexpr std::uint64_t kProgress = 16U << 10U;

  /// Calls `work` until it returns.
  template <class Work>
  auto run(Work work) -> decltype(work()) {
    for (;;) {
      cancel_.check();
      try {
        return work();
      } catch (const RegistryError& error) {
        wait_or_rethrow(error);
      }
    }
  }

  /// The wait after the `failures`-th failure (from 1) for a random number: half of it fixed, half random.
  static std::chrono::milliseconds backoff(const RetryPolicy& policy, int failures, double random);

 private:
  const RetryPolicy& policy_;
  const RetryServices& services_;
  std::string what_;
  CancelToken cancel_;
  int failures_ = 0;
  std::uint64_t progress_ = 0;  ///< bytes since the last failure
};

/// The wait that a Retry-After field asks for: seconds or an HTTP date; 0 when absent, past or unreadable.
std::chrono::milliseconds parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace accel::net
