#include "accel/formats/nydus/batch.hpp"

namespace accel::formats::nydus {

BatchPlan::Place BatchPlan::place(std::uint32_t size, bool whole_file) noexcept {
  if (!whole_file || size >= batch_size_ / 2) {
    filled_ = 0;
    return {};
  }
  // A batch never gets as far as its size.
  if (filled_ + size >= batch_size_) filled_ = 0;
  if (filled_ == 0) ++batches_;
  const Place place = {batches_ - 1, filled_};
  filled_ += size;
  return place;
}

}  // namespace accel::formats::nydus
