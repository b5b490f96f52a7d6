#include "accel/hash/digest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::hash {
namespace {

const std::string kHex256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kHex512 = std::string(64, 'a') + std::string(64, '0');

TEST(DigestTest, parsed_text_is_printed_unchanged) {
  for (const std::string& text : {"sha256:" + kHex256, "sha512:" + kHex512}) {
    const Digest digest = Digest::parse(text);
    EXPECT_EQ(digest.to_string(), text);
    EXPECT_EQ(digest.hex(), text.substr(7));
    EXPECT_EQ(digest.raw().size() * 2, digest.hex().size());
    EXPECT_EQ(Digest::try_parse(text), digest);
    EXPECT_EQ(Digest(digest.algorithm(), digest.raw()), digest);
  }
  EXPECT_EQ(Digest::parse("sha256:" + kHex256).short_string(), "sha256:e3b0c44298fc");
}

TEST(DigestTest, malformed_text_is_rejected) {
  const std::vector<std::string> bad = {
      "",
      "sha256",
      "sha256:",
      kHex256,
      "sha256:" + kHex256.substr(1),
      "sha256:" + kHex256 + "0",
      "sha256:" + kHex512,
      "sha512:" + kHex256,
      "SHA256:" + kHex256,
      "sha256:E" + kHex256.substr(1),
      "sha256:g" + kHex256.substr(1),
      "sha256:" + kHex256.substr(1) + " ",
      " sha256:" + kHex256,
      "md5:d41d8cd98f00b204e9800998ecf8427e",
      "sha256:../../" + kHex256.substr(6),
      std::string("sha256:\0", 8) + kHex256.substr(1),
  };
  for (const std::string& text : bad) {
    EXPECT_THROW(static_cast<void>(Digest::parse(text)), FormatError) << text;
    EXPECT_TRUE(Digest::try_parse(text).empty()) << text;
  }
}

TEST(DigestTest, error_for_a_huge_text_stays_short) {
  try {
    static_cast<void>(Digest::parse(std::string(1 << 20, 'x')));
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_LT(std::string(error.what()).size(), 400U);
  }
}

TEST(DigestTest, raw_bytes_of_a_wrong_length_are_rejected) {
  const Bytes raw(33);
  EXPECT_THROW(Digest(Algorithm::sha256, raw), FormatError);
  EXPECT_THROW(Digest(Algorithm::sha512, ByteView(raw).first(32)), FormatError);
}

TEST(DigestTest, empty_digest_equals_only_another_empty_one) {
  const Digest empty;
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(empty, Digest());
  EXPECT_NE(empty, Digest(Algorithm::sha256, Bytes(32)));  // all zeros is a value like any other
  EXPECT_EQ(empty.to_string(), "");
  EXPECT_EQ(empty.hex(), "");
  EXPECT_EQ(empty.short_string(), "");
}

TEST(DigestTest, digests_work_as_keys) {
  std::unordered_set<Digest> set;
  for (int i = 0; i < 1000; ++i) set.insert(sha256(as_bytes(std::to_string(i))));
  set.insert(Digest());
  EXPECT_EQ(set.size(), 1001U);
  EXPECT_TRUE(set.contains(sha256(as_bytes("999"))));
  EXPECT_FALSE(set.contains(sha256(as_bytes("1000"))));
  EXPECT_LT(Digest(Algorithm::sha256, Bytes(32)), sha256(as_bytes("")));
}

}  // namespace
}  // namespace accel::hash
