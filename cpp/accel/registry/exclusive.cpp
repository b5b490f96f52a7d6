#include "accel/registry/exclusive.hpp"

#include "accel/base/error.hpp"

namespace accel::registry {

Exclusive::Guard::~Guard() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.held_ = false;
  owner_.freed_.notify_one();
}

Exclusive::Guard Exclusive::lock(const CancelToken& cancel) {
  {
    // Declared before the lock: the callback takes the mutex, and taking it back waits for a running callback.
    const auto registration = cancel.on_cancel([this] {
      const std::lock_guard lock(mutex_);
      freed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return !held_ || cancel.cancelled(); });
    if (!cancel.cancelled()) {
      held_ = true;
      return Guard(*this);
    }
    // The wake-up may have been meant for this thread alone.
    freed_.notify_one();
  }
  throw Cancelled();
}

}  // namespace accel::registry
