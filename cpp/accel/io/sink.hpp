/// Where bytes go.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::io {

/// Takes bytes front to back. Used by one thread at a time. Destroying a sink that was not finished leaves nothing.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of `bytes` (copies what it keeps) or throws.
  virtual void write(ByteView bytes) = 0;
  /// SHA-256 over all that was written, of sinks that compute it anyway; null of others. For those who would hash the
  /// same bytes once more.
  [[nodiscard]] virtual const hash::Hasher* hasher() const noexcept { return nullptr; }
};

}  // namespace accel::io
