/// CRC-32C (Castagnoli, iSCSI), which Nydus keeps of every chunk.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::hash {

/// Reflected, initial value and final XOR all ones: "123456789" gives 0xE3069283. By the CPU's own instruction where it
/// has one.
std::uint32_t crc32c(ByteView bytes) noexcept;
/// Of `bytes` behind others, whose CRC is `before`.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before) noexcept;

}  // namespace accel::hash
