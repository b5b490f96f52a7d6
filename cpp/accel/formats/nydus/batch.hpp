/// Which small chunks are stored together in one item. Spec: nydus-blob.md 6.
#pragma once

#include <cstdint>

namespace accel::formats::nydus {

/// Asked about each chunk that is stored, in order.
class BatchPlan {
 public:
  /// `batch_size` 0: every chunk is an item of its own.
  explicit BatchPlan(std::uint32_t batch_size) noexcept : batch_size_(batch_size) {}

  struct Place {
    static constexpr std::uint32_t kNoBatch = UINT32_MAX;
    std::uint32_t batch = kNoBatch;  ///< the batch it is in
    std::uint32_t offset = 0;        ///< in the batch

    [[nodiscard]] bool batched() const noexcept { return batch != kNoBatch; }
    /// It goes on in the item of the chunk before it.
    [[nodiscard]] bool joins() const noexcept { return batched() && offset > 0; }
  };
  /// The place of a chunk of `size` bytes; `whole_file`: it is the only one of its file.
  Place place(std::uint32_t size, bool whole_file) noexcept;
  /// More chunks may join the last one.
  [[nodiscard]] bool open() const noexcept { return filled_ > 0; }

 private:
  const std::uint32_t batch_size_;
  std::uint32_t batches_ = 0;
  std::uint32_t filled_ = 0;  // bytes in the last batch; 0 when none may join it
};

}  // namespace accel::formats::nydus
