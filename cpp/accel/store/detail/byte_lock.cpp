#include "accel/store/detail/byte_lock.hpp"

#include <fcntl.h>

#include <cerrno>

#include "accel/base/error.hpp"

namespace accel::store::detail {

namespace {

struct flock lock_of(off_t byte, LockKind kind) {
  struct flock lock {};
  lock.l_type = kind == LockKind::shared ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

}  // namespace

bool try_lock(int fd, off_t byte, LockKind kind, const std::string& name) {
  struct flock lock = lock_of(byte, kind);
  while (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) throw StoreError("lock", name, errno);
  }
  return true;
}

bool is_locked(int fd, off_t byte, const std::string& name) {
  struct flock lock = lock_of(byte, LockKind::exclusive);
  while (::fcntl(fd, F_OFD_GETLK, &lock) != 0) {
    if (errno != EINTR) throw StoreError("look for locks on", name, errno);
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace accel::store::detail
