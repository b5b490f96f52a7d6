#include "accel/base/memory_budget.hpp"

#include <algorithm>
#include <utility>

namespace accel {

MemoryLease::MemoryLease(MemoryLease&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryLease& MemoryLease::operator=(MemoryLease&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MemoryLease::~MemoryLease() {
  if (budget_ != nullptr) budget_->release(bytes_);
}

MemoryLease MemoryBudget::acquire(std::size_t bytes, const CancelToken& cancel) {
  return acquire(bytes, cancel, [] { return false; });
}

MemoryLease MemoryBudget::acquire(std::size_t bytes, const CancelToken& cancel,
                                  const std::function<bool()>& must_go_on) {
  const auto registration = cancel.on_cancel([this] {
    const std::lock_guard lock(mutex_);
    freed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return cancel.cancelled() || used_ == 0 || used_ + bytes <= limit_ || must_go_on(); });
  cancel.check();
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return {this, bytes};
}

MemoryLease MemoryBudget::acquire_now(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return {this, bytes};
}

std::size_t MemoryBudget::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

void MemoryBudget::release(std::size_t bytes) noexcept {
  {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }
  freed_.notify_all();
}

}  // namespace accel
