/// A queue between two stages of a pipeline.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "accel/base/cancel.hpp"

namespace accel {

/// Thread-safe FIFO with a fixed capacity. Either side can end it: the producer with `close` or `fail`, the consumer
/// with `abandon`, so that neither ever waits for a partner that is gone.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. Returns false when the consumer abandoned the queue (the item is dropped). Throws Cancelled.
  bool push(T item, const CancelToken& cancel) {
    const auto registration = cancel.on_cancel([this] { wake(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancel.cancelled() || abandoned_ || items_.size() < capacity_; });
    cancel.check();
    if (abandoned_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    changed_.notify_all();
    return true;
  }

  /// Waits for an item. Returns nothing at the end; rethrows what `fail` was given. Throws Cancelled.
  std::optional<T> pop(const CancelToken& cancel) {
    const auto registration = cancel.on_cancel([this] { wake(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancel.cancelled() || closed_ || !items_.empty(); });
    cancel.check();
    if (items_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return std::nullopt;
    }
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return item;
  }

  /// No more items will come; those that are queued are still delivered.
  void close() { end(nullptr); }
  /// Like close, and `pop` then throws `error`.
  void fail(std::exception_ptr error) { end(std::move(error)); }
  /// The consumer is gone: waiting and later pushes return false.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
      items_.clear();
    }
    changed_.notify_all();
  }

 private:
  void end(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      error_ = std::move(error);
    }
    changed_.notify_all();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
  bool abandoned_ = false;
  std::exception_ptr error_;
};

}  // namespace accel
