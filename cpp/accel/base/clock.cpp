#include "accel/base/clock.hpp"

#include <condition_variable>
#include <mutex>

namespace accel {

namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::chrono::system_clock::time_point date() const override { return std::chrono::system_clock::now(); }
  void sleep(std::chrono::milliseconds duration, const CancelToken& cancel) override {
    std::mutex mutex;
    std::condition_variable woken;
    bool cancelled = false;
    {
      const auto registration = cancel.on_cancel([&] {
        const std::lock_guard lock(mutex);
        cancelled = true;
        woken.notify_all();
      });
      std::unique_lock lock(mutex);
      woken.wait_for(lock, duration, [&] { return cancelled; });
    }
    cancel.check();
  }
};

}  // namespace

std::shared_ptr<Clock> system_clock() { return std::make_shared<SystemClock>(); }

}  // namespace accel
