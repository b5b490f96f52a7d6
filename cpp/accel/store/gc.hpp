/// What the collector of the local store is told and what it tells. Spec: service.md section 7.
#pragma once

#include <cstdint>

namespace accel::store {

/// To which part of the threshold a store is brought down after each task, and each hour.
inline constexpr unsigned kAfterTaskPercent = 80;
inline constexpr unsigned kHourlyPercent = 40;

struct CollectOptions {
  std::uint64_t threshold = 0;           ///< bytes of disk; 0: no limit, nothing is evicted
  unsigned percent = kAfterTaskPercent;  ///< of the threshold: evict when above, down to it; 0 to 100
  bool dry_run = false;                  ///< only say what would be done
};

/// Bytes are bytes of disk, as `du` counts them.
struct CollectReport {
  std::uint64_t target_bytes = 0;  ///< what was to be reached; 0 with threshold 0 as well
  std::uint64_t before_bytes = 0;
  std::uint64_t after_bytes = 0;
  std::uint64_t evicted_blobs = 0;
  std::uint64_t evicted_bytes = 0;
  std::uint64_t pinned_blobs = 0;  ///< met on the way and left, because they are in use
  std::uint64_t pinned_bytes = 0;
  std::uint64_t removed_partials = 0;  ///< unfinished downloads
  std::uint64_t removed_partial_bytes = 0;
};

/// `percent` per cent of `threshold`, without overflow.
constexpr std::uint64_t part_of(std::uint64_t threshold, unsigned percent) noexcept {
  return threshold / 100 * percent + threshold % 100 * percent / 100;
}

}  // namespace accel::store
