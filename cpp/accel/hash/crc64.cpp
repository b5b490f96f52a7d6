#include "accel/hash/crc64.hpp"

#include <array>
#include <cstddef>

#include "accel/base/endian.hpp"

namespace accel::hash {

namespace {

constexpr std::uint64_t kPolynomial = 0xD800000000000000ULL;
constexpr std::size_t kSlices = 8;

using Tables = std::array<std::array<std::uint64_t, 256>, kSlices>;

/// tables[k][b]: what byte b, followed by k zero bytes, does to the register.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::size_t b = 0; b < 256; ++b) {
    std::uint64_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ kPolynomial : crc >> 1U;
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < kSlices; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint64_t shorter = tables[k - 1][b];
      tables[k][b] = shorter >> 8U ^ tables[0][shorter & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::uint64_t crc64_iso(ByteView bytes, std::uint64_t previous) noexcept {
  std::uint64_t crc = ~previous;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, next += kSlices) {
    crc ^= load_le<std::uint64_t>(next);
    std::uint64_t mixed = 0;
    for (std::size_t k = 0; k < kSlices; ++k) mixed ^= kTables[kSlices - 1 - k][crc >> (8U * k) & 0xFFU];
    crc = mixed;
  }
  for (; left > 0; --left, ++next) crc = crc >> 8U ^ kTables[0][(crc ^ std::to_integer<std::uint64_t>(*next)) & 0xFFU];
  return ~crc;
}

}  // namespace accel::hash
