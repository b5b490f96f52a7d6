#include "accel/io/verify.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"

namespace accel::io {
namespace {

constexpr std::string_view kText = "the quick brown fox jumps over the lazy dog";

/// Reads to the end in pieces; returns everything that was handed out before the end or an exception.
struct Outcome {
  std::string text;
  std::string error;  // "", "digest", "format"
};

Outcome drain(ByteStream& stream, std::size_t piece) {
  Outcome outcome;
  Bytes block(piece);
  try {
    while (const std::size_t count = stream.read(block)) outcome.text += as_text(ByteView(block).first(count));
  } catch (const DigestMismatch&) {
    outcome.error = "digest";
  } catch (const FormatError&) {
    outcome.error = "format";
  }
  return outcome;
}

const std::vector<std::size_t>& pieces() {
  static const std::vector<std::size_t> list = {1, 2, 42, 43, 44, 4096};
  return list;
}

TEST(VerifyTest, right_bytes_pass_unchanged) {
  const hash::Digest digest = hash::sha256(as_bytes(kText));
  for (const std::size_t piece : pieces()) {
    for (const bool sized : {false, true}) {
      MemoryStream inner(as_bytes(kText));
      VerifyStream stream(inner, digest, sized ? std::optional<std::uint64_t>(kText.size()) : std::nullopt);
      EXPECT_FALSE(stream.verified());
      const Outcome outcome = drain(stream, piece);
      EXPECT_EQ(outcome.text, kText);
      EXPECT_EQ(outcome.error, "");
      EXPECT_TRUE(stream.verified());
      Bytes out(10);
      EXPECT_EQ(stream.read(out), 0U);
    }
  }
}

TEST(VerifyTest, sha512_is_checked_too) {
  hash::Hasher hasher(hash::Algorithm::sha512);
  hasher.update(as_bytes(kText));
  MemoryStream inner(as_bytes(kText));
  VerifyStream stream(inner, hasher.finish(), kText.size());
  EXPECT_EQ(drain(stream, 10).error, "");
}

TEST(VerifyTest, wrong_bytes_never_come_to_a_clean_end) {
  const hash::Digest digest = hash::sha256(as_bytes(kText));
  for (std::size_t flip = 0; flip < kText.size(); ++flip) {
    std::string wrong(kText);
    wrong[flip] = static_cast<char>(wrong[flip] ^ 1);
    for (const std::size_t piece : pieces()) {
      for (const bool sized : {false, true}) {
        MemoryStream inner(as_bytes(wrong));
        VerifyStream stream(inner, digest, sized ? std::optional<std::uint64_t>(kText.size()) : std::nullopt);
        const Outcome outcome = drain(stream, piece);
        EXPECT_EQ(outcome.error, "digest");
        EXPECT_FALSE(stream.verified());
        if (sized) {
          EXPECT_LT(outcome.text.size(), kText.size());  // the last bytes are never handed out
        }
        EXPECT_EQ(drain(stream, piece).error, "format");  // and no later read ends well
      }
    }
  }
}

TEST(VerifyTest, too_few_and_too_many_bytes_are_format_errors) {
  const hash::Digest digest = hash::sha256(as_bytes(kText));
  for (const std::size_t piece : pieces()) {
    MemoryStream few(as_bytes(kText.substr(0, 20)));
    VerifyStream short_stream(few, digest, kText.size());
    EXPECT_EQ(drain(short_stream, piece).error, "format");

    const std::string longer = std::string(kText) + std::string(1000, 'x');
    MemoryStream many(as_bytes(longer));
    VerifyStream long_stream(many, digest, kText.size());
    EXPECT_EQ(drain(long_stream, piece).error, "format");
    EXPECT_EQ(many.rest().size(), 999U);  // read never more than size + 1
  }
}

TEST(VerifyTest, empty_content_is_verified_like_any_other) {
  const hash::Digest empty = hash::sha256({});
  for (const auto& size : {std::optional<std::uint64_t>(0), std::optional<std::uint64_t>()}) {
    MemoryStream nothing{ByteView()};
    VerifyStream good(nothing, empty, size);
    EXPECT_EQ(drain(good, 10).error, "");
    EXPECT_TRUE(good.verified());
    MemoryStream nothing_again{ByteView()};
    VerifyStream bad(nothing_again, hash::sha256(as_bytes("x")), size);
    EXPECT_EQ(drain(bad, 10).error, "digest");
  }
  MemoryStream something(as_bytes("x"));
  VerifyStream over(something, empty, 0);
  EXPECT_EQ(drain(over, 10).error, "format");
}

TEST(VerifyTest, absent_digest_matches_nothing) {
  MemoryStream inner(as_bytes(kText));
  VerifyStream stream(inner, hash::Digest(), kText.size());
  EXPECT_EQ(drain(stream, 100).error, "digest");
  EXPECT_THROW(verify_bytes(as_bytes(kText), hash::Digest(), "config"), DigestMismatch);
}

TEST(VerifyTest, failure_of_the_inner_stream_is_not_forgotten) {
  class Failing final : public ByteStream {
   public:
    std::size_t read(MutableByteView) override {
      if (!failed_) {
        failed_ = true;
        throw StoreError("read", "somewhere", 5);
      }
      return 0;  // a careless stream that pretends to end after its failure
    }

   private:
    bool failed_ = false;
  } inner;
  VerifyStream stream(inner, hash::sha256({}));
  Bytes out(10);
  EXPECT_THROW(stream.read(out), StoreError);
  EXPECT_THROW(stream.read(out), FormatError);
}

TEST(VerifyTest, errors_name_the_subject_and_both_digests) {
  MemoryStream inner(as_bytes("other"));
  VerifyStream stream(inner, hash::sha256(as_bytes(kText)), 5, "layer 3");
  Bytes out(100);
  try {
    stream.read(out);
    FAIL() << "accepted";
  } catch (const DigestMismatch& error) {
    EXPECT_EQ(error.expected(), hash::sha256(as_bytes(kText)).to_string());
    EXPECT_EQ(error.actual(), hash::sha256(as_bytes("other")).to_string());
    EXPECT_EQ(error.length(), 5U);
    EXPECT_EQ(std::string(error.what()).find("layer 3: "), 0U);
  }
}

TEST(VerifyTest, bytes_in_memory_are_checked_in_one_call) {
  EXPECT_NO_THROW(verify_bytes(as_bytes(kText), hash::sha256(as_bytes(kText)), "config"));
  EXPECT_THROW(verify_bytes(as_bytes("x"), hash::sha256(as_bytes(kText)), "config"), DigestMismatch);
}

}  // namespace
}  // namespace accel::io
