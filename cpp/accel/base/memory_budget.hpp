/// Bounds the memory of everything in flight, whatever the number of layers and their sizes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"

namespace accel {

class MemoryBudget;

/// Bytes taken from a budget; gives them back when it goes. Move-only.
class MemoryLease {
 public:
  MemoryLease() = default;
  MemoryLease(MemoryLease&& other) noexcept;
  MemoryLease& operator=(MemoryLease&& other) noexcept;
  ~MemoryLease();
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  friend class MemoryBudget;
  MemoryLease(MemoryBudget* budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Thread-safe. Must outlive its leases.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit_bytes) : limit_(limit_bytes) {}

  /// Waits until `bytes` are free and takes them. A request above the limit is granted when nothing else is out,
  /// so no single unit can wait for ever. Throws Cancelled.
  [[nodiscard]] MemoryLease acquire(std::size_t bytes, const CancelToken& cancel);
  /// Like acquire, and also stops waiting, even above the limit, when `must_go_on` holds: for a caller that turns out
  /// to be the head of an ordered output (see acquire_now) while it waits. Asked at first and whenever bytes were given
  /// back; called with the budget locked, so it must be short and must not use the budget.
  [[nodiscard]] MemoryLease acquire(std::size_t bytes, const CancelToken& cancel,
                                    const std::function<bool()>& must_go_on);
  /// Takes `bytes` without waiting, even above the limit. For the one unit at the head of an ordered output, which
  /// must always be able to go on: only its completion frees what the others hold.
  [[nodiscard]] MemoryLease acquire_now(std::size_t bytes);

  /// An empty buffer with room for `bytes`: one that was given back, if one fits. The budget counts leases, not
  /// buffers: who takes one holds a lease for it, or bounds its number otherwise.
  [[nodiscard]] Buffer take_buffer(std::size_t bytes);
  /// Keeps `buffer` for the next taker. Buffers of megabytes that go round cost no page faults, and do not leave holes
  /// in the allocator's arenas, which it keeps one of for each thread. Idle ones are freed when leases need their room.
  void give_buffer(Buffer buffer);

  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// Largest number of bytes that were out at the same time.
  [[nodiscard]] std::size_t peak() const;

 private:
  friend class MemoryLease;
  void release(std::size_t bytes) noexcept;

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
  std::vector<Buffer> idle_;  // oldest first
  std::size_t idle_bytes_ = 0;
};

}  // namespace accel
