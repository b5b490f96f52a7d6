#include "accel/hash/crc32c.hpp"

#include <isa-l/crc.h>

#include <algorithm>

namespace accel::hash {

std::uint32_t crc32c(ByteView bytes) noexcept { return crc32c(bytes, 0); }

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) noexcept {
  // ISA-L takes lengths as int, and a pointer it does not write through without const.
  constexpr std::size_t kMaxPiece = std::size_t{1} << 30U;
  std::uint32_t crc = ~before;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kMaxPiece);
    auto* const data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
    crc = crc32_iscsi(data, static_cast<int>(size), crc);
    bytes = bytes.subspan(size);
  }
  return ~crc;
}

}  // namespace accel::hash
