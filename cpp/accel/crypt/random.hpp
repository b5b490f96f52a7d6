/// Random bytes for keys.
#pragma once

#include "accel/base/bytes.hpp"

namespace accel::crypt {

/// Fills `out` from the system's generator. Throws Error when there is none.
void random_bytes(MutableByteView out);

}  // namespace accel::crypt
