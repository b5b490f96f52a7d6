/// An advisory lock on a file, between threads and processes.
#pragma once

#include <filesystem>

#include "accel/base/cancel.hpp"
#include "accel/io/unique_fd.hpp"

namespace accel::store::detail {

/// Holds an exclusive flock on an existing file as long as it lives. The kernel frees it when the process dies.
class FileLock {
 public:
  /// Waits until nobody else holds the lock. Throws Cancelled, StoreError.
  FileLock(const std::filesystem::path& path, const CancelToken& cancel);

 private:
  io::UniqueFd fd_;
};

}  // namespace accel::store::detail
