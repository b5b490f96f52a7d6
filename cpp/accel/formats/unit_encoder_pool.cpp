#include "accel/formats/unit_encoder_pool.hpp"

#include <utility>

namespace accel::formats {

UnitEncoderPool::Loan::~Loan() { pool_->give_back(std::move(worker_)); }

UnitEncoderPool::Loan UnitEncoderPool::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Worker worker = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(worker)};
    }
  }
  return {*this, Worker{factory_(), {}}};
}

void UnitEncoderPool::give_back(Worker worker) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(worker));
}

}  // namespace accel::formats
