/// Deflate data by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace accel::codec {

/// Writes bits as RFC 1951 packs them.
class BitWriter {
 public:
  BitWriter& bits(std::uint32_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      if (used_ % 8 == 0) text_ += '\0';
      if ((value >> i & 1U) != 0) text_.back() = static_cast<char>(text_.back() | 1 << used_ % 8);
      ++used_;
    }
    return *this;
  }
  /// A Huffman code: its first bit is its highest.
  BitWriter& code(std::uint32_t value, unsigned count) {
    for (unsigned i = count; i-- > 0;) bits(value >> i & 1U, 1);
    return *this;
  }
  /// A literal or length symbol in the fixed code.
  BitWriter& fixed(unsigned symbol) {
    if (symbol < 144) return code(0x30 + symbol, 8);
    if (symbol < 256) return code(0x190 + symbol - 144, 9);
    if (symbol < 280) return code(symbol - 256, 7);
    return code(0xC0 + symbol - 280, 8);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t used_ = 0;
};

}  // namespace accel::codec
