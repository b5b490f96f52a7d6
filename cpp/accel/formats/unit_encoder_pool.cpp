#include "accel/formats/unit_encoder_pool.hpp"

#include <utility>

namespace accel::formats {

UnitEncoderPool::Loan::~Loan() { pool_->give_back(std::move(encoder_)); }

UnitEncoderPool::Loan UnitEncoderPool::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Encoder encoder = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(encoder)};
    }
  }
  return {*this, factory_()};
}

void UnitEncoderPool::give_back(Encoder encoder) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(encoder));
}

}  // namespace accel::formats
