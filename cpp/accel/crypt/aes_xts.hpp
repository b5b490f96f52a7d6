/// AES-128 in XTS mode, as disks and Nydus blobs use it.
#pragma once

#include <array>
#include <cstddef>

#include "accel/base/bytes.hpp"

namespace accel::crypt {

using XtsKey = std::array<std::byte, 32>;  ///< data key, then tweak key; the halves differ
using XtsTweak = std::array<std::byte, 16>;

inline constexpr std::size_t kXtsBlock = 16;
/// The standard's bound on one data unit, 2^20 blocks.
inline constexpr std::size_t kXtsMaxUnit = std::size_t{1} << 24U;

/// Encrypts `in` as one data unit into `out`, which has the same size and may be the same memory; ciphertext stealing
/// where the size is no multiple of 16. Thread-safe. Throws UnsupportedError unless the size is kXtsBlock to
/// kXtsMaxUnit.
void aes128_xts_encrypt(const XtsKey& key, const XtsTweak& tweak, ByteView in, MutableByteView out);
/// The other way round.
void aes128_xts_decrypt(const XtsKey& key, const XtsTweak& tweak, ByteView in, MutableByteView out);

}  // namespace accel::crypt
