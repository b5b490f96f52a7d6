#include "accel/base/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace accel {
namespace {

struct Base64Case {
  const char* plain;
  const char* encoded;
};

// RFC 4648 section 10.
constexpr std::array kBase64{Base64Case{"", ""},
                             Base64Case{"f", "Zg=="},
                             Base64Case{"fo", "Zm8="},
                             Base64Case{"foo", "Zm9v"},
                             Base64Case{"foob", "Zm9vYg=="},
                             Base64Case{"fooba", "Zm9vYmE="},
                             Base64Case{"foobar", "Zm9vYmFy"}};

TEST(Base64, encodes_the_vectors_of_the_rfc) {
  for (const auto& [plain, encoded] : kBase64) EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
}

TEST(Base64, decodes_the_vectors_of_the_rfc_with_and_without_padding) {
  for (const auto& [plain, encoded] : kBase64) {
    std::string text = encoded;
    Bytes out;
    ASSERT_TRUE(base64_decode(text, out)) << text;
    EXPECT_EQ(to_string(out), plain);
    while (!text.empty() && text.back() == '=') text.pop_back();
    ASSERT_TRUE(base64_decode(text, out)) << text;
    EXPECT_EQ(to_string(out), plain);
  }
}

TEST(Base64, refuses_everything_else) {
  Bytes out;
  for (const char* text : {"Z", "Zg=", "Zg===", "Zm9v=", "Z=g=", "Zg\n=", "Zm 9", "Zm9-", "====", "="}) {
    EXPECT_FALSE(base64_decode(text, out)) << text;
  }
}

TEST(Base64, decodes_every_byte_value) {
  Bytes all;
  for (unsigned i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  Bytes out;
  ASSERT_TRUE(base64_decode(base64_encode(all), out));
  EXPECT_EQ(out, all);
}

TEST(Hex, encodes_in_lower_case) { EXPECT_EQ(hex_encode(as_bytes("\x01\xAB\xFF")), "01abff"); }

TEST(Hex, decodes_what_it_encodes_and_nothing_else) {
  std::array<std::byte, 3> out{};
  EXPECT_TRUE(hex_decode("01abff", out));
  EXPECT_EQ(to_string(out), "\x01\xAB\xFF");
  for (const char* text : {"", "01abf", "01abff0", "01ABFF", "01abfg", "01abff00", "+1abff"}) {
    EXPECT_FALSE(hex_decode(text, out)) << text;
  }
}

TEST(Buffer, grows_and_keeps_its_content) {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    buffer.append(as_bytes(piece));
    expected += piece;
  }
  buffer.append_zeros(5);
  expected.append(5, '\0');
  EXPECT_EQ(to_string(buffer.view()), expected);
}

TEST(Buffer, large_ones_grow_and_keep_their_content) {
  Buffer buffer;
  std::string expected;
  for (std::size_t size = Buffer::kLarge / 4; size <= 64 * Buffer::kLarge; size *= 2) {
    buffer.reserve(size);
    EXPECT_GE(buffer.capacity(), size);
    const std::string piece(size - buffer.size(), static_cast<char>('a' + expected.size() % 23));
    buffer.append(as_bytes(piece));
    expected += piece;
    ASSERT_EQ(as_text(buffer.view()), expected);
  }
}

TEST(Buffer, large_ones_may_be_used_again_after_they_were_moved_from) {
  Buffer from(Buffer::kLarge);
  from.append(as_bytes("abc"));
  Buffer to(std::move(from));
  EXPECT_EQ(from.capacity(), 0U);  // NOLINT(bugprone-use-after-move): this state is part of the contract
  from.reserve(2 * Buffer::kLarge);
  from.append(as_bytes("xyz"));
  EXPECT_EQ(to_string(from.view()), "xyz");
  EXPECT_EQ(to_string(to.view()), "abc");
  to = std::move(from);
  EXPECT_EQ(to_string(to.view()), "xyz");
}

TEST(Buffer, clear_keeps_the_room) {
  Buffer buffer(100);
  buffer.append(as_bytes("abc"));
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
  EXPECT_GE(buffer.capacity(), 100U);
}

TEST(Buffer, is_empty_after_it_was_moved_from) {
  Buffer from;
  from.append(as_bytes("abc"));
  Buffer to(std::move(from));
  EXPECT_EQ(to_string(to.view()), "abc");
  EXPECT_EQ(from.size(), 0U);  // NOLINT(bugprone-use-after-move): this state is part of the contract
  EXPECT_EQ(from.capacity(), 0U);
  from.append(as_bytes("again"));
  EXPECT_EQ(to_string(from.view()), "again");
}

TEST(Buffer, takes_empty_pieces) {
  Buffer buffer;
  buffer.append({});
  buffer.append_zeros(0);
  EXPECT_EQ(buffer.size(), 0U);
}

}  // namespace
}  // namespace accel
