/// CRC-64/ISO as tar-split and Go's hash/crc64 use it.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::hash {

/// CRC-64 with the reflected ISO polynomial 0xD800000000000000, initial and final value all ones.
/// Spec: zstdchunked.md section 3.6.
///
///     std::uint64_t crc = crc64_iso(first);
///     crc = crc64_iso(second, crc);   // the same as over both in one piece
///
/// @param bytes    the next piece.
/// @param previous result for everything before it; 0 at the start.
std::uint64_t crc64_iso(ByteView bytes, std::uint64_t previous = 0) noexcept;

}  // namespace accel::hash
