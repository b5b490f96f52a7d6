/// The bytes of a bootstrap behind the one bounds check of all readers. Internal to the readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/base/endian.hpp"

namespace accel::formats::nydus {

class BootstrapBytes {
 public:
  explicit BootstrapBytes(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return bytes_.size(); }
  /// `length` bytes from `offset`. Throws FormatError naming `what` when they are not all there; never overflows.
  [[nodiscard]] ByteView at(std::uint64_t offset, std::uint64_t length, std::string_view what) const;
  /// Counts `length` bytes as read for one part of the tree. No two parts of a valid file share bytes, so a sum above
  /// the file's size proves a hostile one: this bounds memory and time by the file's size. Throws FormatError.
  void claim(std::uint64_t length, std::uint64_t offset);
  /// Throws FormatError: "read a bootstrap: WHAT", with the offset, the path if it is known, and the remedy.
  [[noreturn]] static void fail(const std::string& what, std::uint64_t offset, const std::string& path = {});

 private:
  ByteView bytes_;
  std::uint64_t claimed_ = 0;
};

/// One structure: fields are read at offsets in it, and errors say where in the file they are.
class Record {
 public:
  Record(ByteView bytes, std::uint64_t offset) : bytes_(bytes), offset_(offset) {}

  [[nodiscard]] std::uint8_t u8(std::size_t at) const noexcept { return std::to_integer<std::uint8_t>(bytes_[at]); }
  [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept { return load_le<std::uint16_t>(bytes_.data() + at); }
  [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept { return load_le<std::uint32_t>(bytes_.data() + at); }
  [[nodiscard]] std::uint64_t u64(std::size_t at) const noexcept { return load_le<std::uint64_t>(bytes_.data() + at); }
  [[nodiscard]] ByteView part(std::size_t at, std::size_t length) const noexcept { return bytes_.subspan(at, length); }
  /// Where the structure is in the file.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  /// Throws FormatError about the field at `at` unless `holds`.
  void require(bool holds, const char* what, std::size_t at) const {
    if (!holds) BootstrapBytes::fail(what, offset_ + at);
  }

 private:
  ByteView bytes_;
  std::uint64_t offset_;
};

}  // namespace accel::formats::nydus
