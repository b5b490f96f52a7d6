/// BLAKE3, the default digest of Nydus chunks. Written from the public description of the algorithm.
#pragma once

#include <array>
#include <cstddef>

#include "accel/base/bytes.hpp"

namespace accel::hash {

/// BLAKE3 of one piece of memory, 32 bytes of output, no key. Uses AVX2 or SSE4.1 where the CPU has them.
std::array<std::byte, 32> blake3(ByteView bytes) noexcept;

}  // namespace accel::hash
