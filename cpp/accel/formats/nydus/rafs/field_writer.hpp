/// Stores fields of a structure in a bootstrap that is being written. Internal to the writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/base/endian.hpp"

namespace accel::formats::nydus {

/// Points at zeroed memory; the caller has made sure that the structure fits.
class FieldWriter {
 public:
  explicit FieldWriter(std::byte* at) : at_(at) {}

  void u8(std::size_t offset, std::uint8_t value) const { at_[offset] = static_cast<std::byte>(value); }
  void u16(std::size_t offset, std::uint16_t value) const { store_le(at_ + offset, value); }
  void u32(std::size_t offset, std::uint32_t value) const { store_le(at_ + offset, value); }
  void u64(std::size_t offset, std::uint64_t value) const { store_le(at_ + offset, value); }
  void bytes(std::size_t offset, ByteView bytes) const {
    if (!bytes.empty()) std::memcpy(at_ + offset, bytes.data(), bytes.size());
  }
  void text(std::size_t offset, std::string_view text) const { bytes(offset, as_bytes(text)); }

 private:
  std::byte* at_;
};

}  // namespace accel::formats::nydus
