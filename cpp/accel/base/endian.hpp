/// The only place that knows byte order. All functions work on unaligned memory.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>

namespace accel {

/// Reads a little-endian integer from the first sizeof(T) bytes. The caller has checked the length.
template <std::unsigned_integral T>
T load_le(const std::byte* from) noexcept {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(static_cast<T>(value << (sizeof(T) > 1 ? 8U : 0U)) | std::to_integer<T>(from[i]));
  }
  return value;
}

/// Writes `value` as sizeof(T) little-endian bytes.
template <std::unsigned_integral T>
void store_le(std::byte* to, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(value >> (8U * i));
}

/// Writes `value` as sizeof(T) big-endian bytes.
template <std::unsigned_integral T>
void store_be(std::byte* to, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[sizeof(T) - 1 - i] = static_cast<std::byte>(value >> (8U * i));
}

/// Reads a big-endian integer from the first sizeof(T) bytes.
template <std::unsigned_integral T>
T load_be(const std::byte* from) noexcept {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(static_cast<T>(value << (sizeof(T) > 1 ? 8U : 0U)) | std::to_integer<T>(from[i]));
  }
  return value;
}

}  // namespace accel
