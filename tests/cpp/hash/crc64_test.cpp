#include "accel/hash/crc64.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "accel/base/endian.hpp"

namespace accel::hash {
namespace {

/// One bit at a time, straight from the definition.
std::uint64_t slow_crc64(ByteView bytes) {
  std::uint64_t crc = ~std::uint64_t{0};
  for (const std::byte b : bytes) {
    crc ^= std::to_integer<std::uint64_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xD800000000000000ULL : crc >> 1U;
  }
  return ~crc;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) {
    state = state * 1103515245U + 12345U;
    c = static_cast<char>(state >> 24U);
  }
  return text;
}

TEST(Crc64Test, vectors_of_the_spec) {
  EXPECT_EQ(crc64_iso(as_bytes("123456789")), 0xb90956c775a41001ULL);
  EXPECT_EQ(crc64_iso(as_bytes("hello")), 0x3c3eeee2d8100000ULL);
  EXPECT_EQ(crc64_iso({}), 0U);
  std::array<std::byte, 8> raw;
  store_be(raw.data(), crc64_iso(as_bytes("hello")));
  EXPECT_EQ(base64_encode(raw), "PD7u4tgQAAA=");
}

TEST(Crc64Test, every_length_and_alignment_agrees_with_the_definition) {
  const std::string text = pattern(700);
  for (std::size_t offset = 0; offset < 17; ++offset) {
    for (std::size_t size = 0; size + offset <= text.size(); size += size < 300 ? 1 : 61) {
      const ByteView piece = as_bytes(text).subspan(offset, size);
      ASSERT_EQ(crc64_iso(piece), slow_crc64(piece)) << offset << " " << size;
    }
  }
}

TEST(Crc64Test, pieces_give_the_value_of_the_whole) {
  const std::string text = pattern(100'000);
  const std::uint64_t whole = crc64_iso(as_bytes(text));
  EXPECT_EQ(whole, slow_crc64(as_bytes(text)));
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{4097}, std::size_t{99'999}}) {
    const std::uint64_t first = crc64_iso(as_bytes(text).first(cut));
    EXPECT_EQ(crc64_iso(as_bytes(text).subspan(cut), first), whole);
  }
}

}  // namespace
}  // namespace accel::hash
