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

Buffer MemoryBudget::take_buffer(std::size_t bytes) {
  std::vector<Buffer> evicted;  // freed when the lock is not held any more
  {
    const std::lock_guard lock(mutex_);
    auto best = idle_.end();
    for (auto buffer = idle_.begin(); buffer != idle_.end(); ++buffer) {
      // One that is much too large would hold memory that nobody counts.
      const bool fits = buffer->capacity() >= bytes && buffer->capacity() / 2 <= bytes;
      if (fits && (best == idle_.end() || buffer->capacity() < best->capacity())) best = buffer;
    }
    if (best != idle_.end()) {
      Buffer found = std::move(*best);
      idle_.erase(best);
      idle_bytes_ -= found.capacity();
      return found;
    }
    // A little above the limit, or a phase of small requests would free all large ones as soon as leases use it up.
    while (!idle_.empty() && used_ + idle_bytes_ > limit_ + limit_ / 4) {
      idle_bytes_ -= idle_.front().capacity();
      evicted.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
  }
  evicted.clear();
  return Buffer(bytes);
}

void MemoryBudget::give_buffer(Buffer buffer) {
  if (buffer.capacity() == 0) return;
  buffer.clear();
  const std::lock_guard lock(mutex_);
  idle_bytes_ += buffer.capacity();
  idle_.push_back(std::move(buffer));
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
