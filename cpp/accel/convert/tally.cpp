#include "accel/convert/tally.hpp"

namespace accel::convert {

std::chrono::duration<double> BusyClock::total() const {
  const std::lock_guard lock(mutex_);
  auto sum = total_;
  if (busy_ > 0) sum += std::chrono::steady_clock::now() - since_;
  return sum;
}

void BusyClock::enter() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (busy_++ == 0) since_ = now;
}

void BusyClock::leave() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (--busy_ == 0) total_ += now - since_;
}

}  // namespace accel::convert
