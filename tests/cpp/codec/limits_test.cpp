// Decompression bombs.
#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

/// Bytes handed out before the FormatError, or -1 when there is none.
std::int64_t produced_before_failure(Compression compression, std::string_view compressed, const DecodeLimits& limits) {
  io::MemoryStream inner(as_bytes(compressed));
  const auto decoder = make_decoder(compression, inner, limits);
  Bytes block(64 * 1024);
  std::int64_t total = 0;
  try {
    while (const std::size_t count = decoder->read(block)) total += static_cast<std::int64_t>(count);
  } catch (const FormatError& error) {
    EXPECT_FALSE(error.hint().empty());
    EXPECT_TRUE(error.where().offset.has_value());
    return total;
  }
  return -1;
}

TEST(LimitsTest, total_size_is_limited_for_every_compression) {
  const std::string text(1'000'000, 'x');
  for (const auto& [compression, data] : {std::pair(Compression::none, text), std::pair(Compression::gzip, gzip(text)),
                                          std::pair(Compression::zstd, zstd(text))}) {
    EXPECT_EQ(produced_before_failure(compression, data, {.max_bytes = 1'000'000}), -1);
    const std::int64_t produced = produced_before_failure(compression, data, {.max_bytes = 999'999});
    EXPECT_GE(produced, 0);
    EXPECT_LE(produced, 999'999);
    EXPECT_LE(produced_before_failure(compression, data, {.max_bytes = 0}), 0);
  }
}

TEST(LimitsTest, ratio_is_limited_beyond_the_free_bytes) {
  const std::string bomb = zstd(std::string(32 << 20, '\0'));
  ASSERT_LT(bomb.size(), 10'000U);
  EXPECT_EQ(produced_before_failure(Compression::zstd, bomb, {}), -1);  // below the free 64 MiB
  const DecodeLimits strict{.ratio_free_bytes = 1 << 20};
  const std::int64_t produced = produced_before_failure(Compression::zstd, bomb, strict);
  EXPECT_GE(produced, 0);
  EXPECT_LE(produced, 8 << 20);
  EXPECT_EQ(produced_before_failure(Compression::zstd, bomb, {.max_ratio = 100'000, .ratio_free_bytes = 1 << 20}), -1);
}

TEST(LimitsTest, a_zstd_bomb_is_stopped_by_the_defaults) {
  std::string bomb;
  const std::string frame = zstd(std::string(32 << 20, '\0'));
  for (int i = 0; i < 10; ++i) bomb += frame;
  const std::int64_t produced = produced_before_failure(Compression::zstd, bomb, {});
  EXPECT_GE(produced, 64 << 20);
  EXPECT_LE(produced, 65 << 20);
}

TEST(LimitsTest, the_densest_gzip_passes_the_default_ratio) {
  std::string dense;
  const std::string member = gzip(std::string(32 << 20, '\0'), 12);
  for (int i = 0; i < 3; ++i) dense += member;
  EXPECT_EQ(produced_before_failure(Compression::gzip, dense, {}), -1);
  EXPECT_GE(produced_before_failure(Compression::gzip, dense, {.max_ratio = 500}), 64 << 20);
}

TEST(LimitsTest, many_empty_units_are_neither_a_bomb_nor_slow) {
  std::string empties;
  for (int i = 0; i < 20'000; ++i) empties += gzip("", 6);
  EXPECT_EQ(decode(Compression::gzip, empties), "");
  std::string frames;
  for (int i = 0; i < 20'000; ++i) frames += std::string("\x50\x2a\x4d\x18\x00\x00\x00\x00", 8);
  EXPECT_EQ(decode(Compression::zstd, frames), "");
}

}  // namespace
}  // namespace accel::codec
