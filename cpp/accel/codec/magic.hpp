/// The first bytes of every compression. Internal to codec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace accel::codec {

/// RFC 1952: ID1, ID2 and the only method in use, deflate.
inline constexpr std::array<std::byte, 3> kGzipMagic{std::byte{0x1F}, std::byte{0x8B}, std::byte{0x08}};

/// RFC 8878 section 3.1.
inline constexpr std::uint32_t kZstdFrameMagic = 0xFD2FB528;
/// Sixteen magics differ in their lowest four bits.
inline constexpr std::uint32_t kZstdSkippableMagic = 0x184D2A50;

/// True for a data frame and for a skippable one; false for the formats before zstd 1.0, which the library may know.
constexpr bool is_zstd_magic(std::uint32_t magic) noexcept {
  return magic == kZstdFrameMagic || (magic & 0xFFFFFFF0U) == kZstdSkippableMagic;
}

}  // namespace accel::codec
