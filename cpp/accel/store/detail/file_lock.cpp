#include "accel/store/detail/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "accel/base/error.hpp"

namespace accel::store::detail {

FileLock::FileLock(const std::filesystem::path& path, const CancelToken& cancel)
    // NFS grants exclusive locks only on descriptors that may write.
    : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (!fd_) throw StoreError("open", path.string(), errno);
  constexpr std::chrono::milliseconds kLongestWait{50};
  // flock cannot be woken by a token, so ask again and again; holders keep it for one small file's rewrite.
  for (std::chrono::milliseconds wait{1};; wait = std::min(2 * wait, kLongestWait)) {
    cancel.check();
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
    if (errno != EWOULDBLOCK && errno != EINTR) throw StoreError("lock", path.string(), errno);
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace accel::store::detail
