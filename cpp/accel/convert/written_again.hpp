/// Blobs whose upload was lost are made again.
#pragma once

#include "accel/base/error.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// How often one blob is made at most. Each time has the retries of all its requests in it.
inline constexpr int kMaxWritings = 4;

/// Runs `write`, which makes one blob or the blobs of one layer from the start, again while their upload gets lost on
/// the way (oci::must_be_written_again), at most kMaxWritings times.
template <class F>
auto written_again(F&& write) {
  for (int writings = 1;; ++writings) {
    try {
      return write();
    } catch (const RegistryError& error) {
      if (writings == kMaxWritings || !oci::must_be_written_again(error)) throw;
    }
  }
}

}  // namespace accel::convert
