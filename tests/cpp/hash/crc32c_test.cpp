#include "accel/hash/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::hash {
namespace {

/// Bit by bit, straight from the polynomial.
std::uint32_t slow_crc32c(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, gives_the_check_value_of_the_catalogue) { EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U); }

TEST(Crc32c, agrees_with_the_worked_example_of_rafs) { EXPECT_EQ(crc32c(as_bytes("hello world\n")), 0xF0FF7292U); }

TEST(Crc32c, agrees_with_the_polynomial_at_all_lengths) {
  std::string text;
  for (std::size_t size = 0; size < 600; ++size) {
    EXPECT_EQ(crc32c(as_bytes(text)), slow_crc32c(text)) << size;
    text.push_back(static_cast<char>(size * 37));
  }
}

TEST(Crc32c, goes_on_where_it_ended) {
  const std::string text(1000, 'x');
  for (const std::size_t cut : {0U, 1U, 7U, 500U, 1000U}) {
    const ByteView bytes = as_bytes(text);
    EXPECT_EQ(crc32c(bytes.subspan(cut), crc32c(bytes.first(cut))), crc32c(bytes)) << cut;
  }
}

}  // namespace
}  // namespace accel::hash
