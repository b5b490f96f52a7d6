/// The unit of every tar stream.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accel::tar {

inline constexpr std::size_t kBlockSize = 512;

/// Zero bytes needed after `size` bytes of payload to reach a block boundary, 0–511.
constexpr std::size_t padding_size(std::uint64_t size) noexcept {
  return static_cast<std::size_t>((kBlockSize - size % kBlockSize) % kBlockSize);
}

}  // namespace accel::tar
