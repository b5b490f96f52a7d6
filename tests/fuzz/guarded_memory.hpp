/// Memory that ends, or begins, at a page nobody may touch: catches what AddressSanitizer cannot see, stray reads and
/// writes of code that was not compiled with it, such as the assembly inside ISA-L.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

#include "accel/base/bytes.hpp"

namespace accel::fuzz {

class GuardedMemory {
 public:
  /// Room for `capacity` bytes, a multiple of the page size.
  explicit GuardedMemory(std::size_t capacity)
      : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))), capacity_(capacity) {
    void* const mapped =
        ::mmap(nullptr, capacity + 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED || capacity % page_ != 0) std::abort();
    base_ = static_cast<std::byte*>(mapped);
    if (::mprotect(base_, page_, PROT_NONE) != 0) std::abort();
    if (::mprotect(base_ + page_ + capacity, page_, PROT_NONE) != 0) std::abort();
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory() { ::munmap(base_, capacity_ + 2 * page_); }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// `size` bytes with the forbidden page right before them.
  [[nodiscard]] MutableByteView front(std::size_t size) const { return {base_ + page_, size}; }
  /// `size` bytes with the forbidden page right behind them.
  [[nodiscard]] MutableByteView back(std::size_t size) const { return {base_ + page_ + capacity_ - size, size}; }

 private:
  std::size_t page_;
  std::size_t capacity_;
  std::byte* base_ = nullptr;
};

}  // namespace accel::fuzz
