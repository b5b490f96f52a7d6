/// Where bytes go.
#pragma once

#include "accel/base/bytes.hpp"

namespace accel::io {

/// Takes bytes front to back. Used by one thread at a time. Destroying a sink that was not finished leaves nothing.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of `bytes` (copies what it keeps) or throws.
  virtual void write(ByteView bytes) = 0;
};

}  // namespace accel::io
