#include "accel/base/endian.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace accel {
namespace {

// Begins at an odd address, as fields of a stored format do.
struct Unaligned {
  std::array<std::byte, 9> raw{};
  std::byte* data() { return raw.data() + 1; }
};

template <class T>
class Endian : public testing::Test {};
using Widths = testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(Endian, Widths);

TYPED_TEST(Endian, reads_back_what_was_stored) {
  for (const std::uint64_t wide : {0ULL, 1ULL, 0x80ULL, 0xFFFEULL, 0x0123456789ABCDEFULL, ~0ULL}) {
    const auto value = static_cast<TypeParam>(wide);
    Unaligned memory;
    store_le(memory.data(), value);
    EXPECT_EQ(load_le<TypeParam>(memory.data()), value);
    store_be(memory.data(), value);
    EXPECT_EQ(load_be<TypeParam>(memory.data()), value);
  }
}

TEST(EndianOrder, least_significant_byte_first_or_last) {
  Unaligned memory;
  store_le<std::uint32_t>(memory.data(), 0x01020304);
  EXPECT_EQ(memory.data()[0], std::byte{4});
  EXPECT_EQ(memory.data()[3], std::byte{1});
  EXPECT_EQ(load_be<std::uint32_t>(memory.data()), 0x04030201U);
  store_be<std::uint32_t>(memory.data(), 0x01020304);
  EXPECT_EQ(memory.data()[0], std::byte{1});
  EXPECT_EQ(memory.data()[3], std::byte{4});
}

TEST(EndianOrder, writes_no_byte_beyond_the_integer) {
  Unaligned memory;
  memory.raw.fill(std::byte{0xAA});
  store_le<std::uint16_t>(memory.data(), 0);
  EXPECT_EQ(memory.raw[0], std::byte{0xAA});
  EXPECT_EQ(memory.raw[3], std::byte{0xAA});
}

}  // namespace
}  // namespace accel
