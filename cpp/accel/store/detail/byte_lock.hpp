/// Locks on single bytes of a file. They belong to the open descriptor: the kernel frees them when its last copy is
/// closed, also when the process is killed, so a dead process never holds one.
#pragma once

#include <sys/types.h>

#include <string>

namespace accel::store::detail {

/// The bytes that are locked, for all files of a local store. A file may be shorter.
inline constexpr off_t kUseByte = 0;     ///< shared: in use, stays; exclusive: its holder removes the file
inline constexpr off_t kWriterByte = 1;  ///< exclusive: the one writer of a partial

enum class LockKind : unsigned char { shared, exclusive };

/// Takes a lock, or changes the one that `fd` has, without waiting. False when another descriptor's lock is in the way.
/// An exclusive lock needs a descriptor that may write. `name` is for the error. Throws StoreError.
bool try_lock(int fd, off_t byte, LockKind kind, const std::string& name);

/// True when another descriptor holds a lock on that byte. Throws StoreError.
bool is_locked(int fd, off_t byte, const std::string& name);

}  // namespace accel::store::detail
