#include "accel/tar/header.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "accel/base/error.hpp"
#include "support/tar_builder.hpp"

namespace accel::tar {
namespace {

using namespace std::string_view_literals;
using testing::base256;

Block as_block(const std::string& text) { return Block(as_bytes(text).first<kBlockSize>()); }

/// The number in the size field when it holds `field`.
std::optional<std::int64_t> size_of(std::string_view text) {
  std::string block(kBlockSize, '\0');
  block.replace(field::kSize.offset, text.size(), text);
  return number_field(as_block(block), field::kSize);
}

TEST(Header, octal_numbers_may_be_padded_with_spaces_and_nuls) {
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"00000000017\0"sv, 15},
      {"         17 "sv, 15},
      {"17\0\0\0\0\0\0\0\0\0\0"sv, 15},
      {" 17\0       "sv, 15},
      {"777777777777"sv, 0777777777777},
      {"\0\0\0\0\0\0\0\0\0\0\0\0"sv, 0},
      {"            "sv, 0},
      {"17\0garbage\0\0"sv, 15},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(size_of(text), want) << text;
}

TEST(Header, base_256_numbers_are_twos_complement) {
  for (const std::int64_t value :
       std::initializer_list<std::int64_t>{0, 1, 255, 256, 1LL << 33, std::numeric_limits<std::int64_t>::max(), -1,
                                           -256, -1'000'000'007, std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(size_of(base256(value, 12)), value) << value;
  }
}

TEST(Header, bad_and_overflowing_numbers_are_none) {
  for (const std::string_view text :
       {"00000000018\0"sv, "0x17\0\0\0\0\0\0\0\0"sv, "-0000000001\0"sv, "1 7\0\0\0\0\0\0\0\0\0"sv,
        "\x80\0\0\0\x80\0\0\0\0\0\0\0"sv, "\x80\0\0\1\0\0\0\0\0\0\0\0"sv, "\xFF\xFF\xFF\xFE\0\0\0\0\0\0\0\0"sv}) {
    EXPECT_EQ(size_of(text), std::nullopt) << text;
  }
}

TEST(Header, checksum_may_be_signed_or_unsigned) {
  std::string block = testing::TarBuilder().file("caf\xE9").text().substr(0, kBlockSize);
  EXPECT_TRUE(checksum_matches(as_block(block)));
  // One byte with the first bit set: the signed sum is 256 less.
  const std::string stored = block.substr(148, 6);
  block.replace(148, 6, testing::octal(std::stoull(stored, nullptr, 8) - 256, 6));
  EXPECT_TRUE(checksum_matches(as_block(block)));
  block[0] = 'k';
  EXPECT_FALSE(checksum_matches(as_block(block)));
  block.replace(148, 8, "garbage!");
  EXPECT_FALSE(checksum_matches(as_block(block)));
}

TEST(Header, zero_block_is_one_without_any_bit) {
  std::string block(kBlockSize, '\0');
  EXPECT_TRUE(is_zero_block(as_block(block)));
  for (const std::size_t at : {0UL, 1UL, 200UL, 511UL}) {
    std::string other = block;
    other[at] = '\1';
    EXPECT_FALSE(is_zero_block(as_block(other))) << at;
  }
  EXPECT_FALSE(is_zero_block(as_block(std::string(kBlockSize, '\1'))));
}

TEST(Header, dialect_comes_from_magic_version_and_mark) {
  std::string block(kBlockSize, '\0');
  EXPECT_EQ(dialect_of(as_block(block)), Dialect::v7);
  block.replace(257, 8, "ustar  \0"sv);
  EXPECT_EQ(dialect_of(as_block(block)), Dialect::gnu);
  block.replace(257, 8, "ustar 00"sv);
  EXPECT_EQ(dialect_of(as_block(block)), Dialect::v7);
  block.replace(257, 8, "ustar\00000"sv);
  EXPECT_EQ(dialect_of(as_block(block)), Dialect::ustar);
  block.replace(508, 4, "tar\0"sv);
  EXPECT_EQ(dialect_of(as_block(block)), Dialect::star);
}

TEST(Header, numbers_are_written_as_octal_while_they_fit) {
  const std::pair<std::uint64_t, std::string> cases[] = {
      {0, std::string("0000000\0", 8)},   {0755, std::string("0000755\0", 8)},  {07777777, std::string("7777777\0", 8)},
      {010000000, base256(010000000, 8)}, {0xFFFFFFFF, base256(0xFFFFFFFF, 8)},
  };
  for (const auto& [value, want] : cases) {
    std::array<std::byte, kBlockSize> block{};
    set_number_field(block, field::kMode, value);
    EXPECT_EQ(as_text(block).substr(field::kMode.offset, field::kMode.size), want) << value;
    EXPECT_EQ(number_field(block, field::kMode), static_cast<std::int64_t>(value));
    EXPECT_EQ(fits_octal(field::kMode, value), value <= 07777777);
  }
}

TEST(Header, bad_fields_are_named) {
  struct Case {
    std::size_t at;
    std::string text;
    std::string_view want;
  };
  const Case cases[] = {
      {100, "9999999", "field mode"},
      {108, "x", "field uid"},
      {116, base256(-1, 8), "gid is -1, want 0 to"},
      {124, base256(-512, 12), "size is -512"},
      {136, "?", "field mtime"},
      {329, "y", "field devmajor"},
      {337, base256(1LL << 32, 8), "devminor is 4294967296"},
  };
  for (const Case& c : cases) {
    std::string block = testing::TarBuilder().file("x").text().substr(0, kBlockSize);
    block.replace(c.at, c.text.size(), c.text);
    Entry entry;
    try {
      parse_header(as_block(block), entry);
      FAIL() << c.want;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(c.want), std::string_view::npos) << error.what();
    }
  }
}

TEST(Header, parsing_forgets_the_entry_before) {
  Entry entry;
  entry.name = "old";
  entry.link_name = "old";
  entry.user_name = entry.group_name = "old";
  entry.xattrs["old"] = "old";
  entry.atime = entry.ctime = Time{.seconds = 1, .nanoseconds = 2};
  entry.mtime.nanoseconds = 7;
  entry.device_major = entry.device_minor = 9;
  const std::string block = testing::TarBuilder()
                                .entry({.name = "new", .mtime = 3, .dialect = testing::TarDialect::v7})
                                .text()
                                .substr(0, kBlockSize);
  parse_header(as_block(block), entry);
  Entry want;
  want.name = "new";
  want.mode = 0644;
  want.mtime = {.seconds = 3, .nanoseconds = 0};
  EXPECT_EQ(entry, want);
}

}  // namespace
}  // namespace accel::tar
