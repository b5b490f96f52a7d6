#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"
#include "support/chunked_stream.hpp"

namespace accel::codec {
namespace {

using namespace std::string_literals;

/// A member as another program would write it: zlib's deflate, optional header fields.
struct MemberFields {
  std::string extra = {};
  std::string name = {};
  std::string comment = {};
  bool has_extra = false, has_name = false, has_comment = false, checksum = false, text = false;
};

std::string zlib_member(std::string_view content, const MemberFields& fields = {}, int level = 6) {
  std::string header = "\x1f\x8b\x08"s;
  header += static_cast<char>((fields.text ? 1 : 0) | (fields.checksum ? 2 : 0) | (fields.has_extra ? 4 : 0) |
                              (fields.has_name ? 8 : 0) | (fields.has_comment ? 16 : 0));
  header += "\x01\x02\x03\x04\x02\x03"s;  // MTIME, XFL, OS
  if (fields.has_extra) {
    header += static_cast<char>(fields.extra.size() & 0xFFU);
    header += static_cast<char>(fields.extra.size() >> 8U);
    header += fields.extra;
  }
  if (fields.has_name) header += fields.name + "\0"s;
  if (fields.has_comment) header += fields.comment + "\0"s;
  if (fields.checksum) {
    const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(header.data()), static_cast<uInt>(header.size()));
    header += static_cast<char>(crc & 0xFFU);
    header += static_cast<char>(crc >> 8U & 0xFFU);
  }
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string body(deflateBound(&stream, static_cast<uLong>(content.size())) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(body.data());
  stream.avail_out = static_cast<uInt>(body.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  body.resize(stream.total_out);
  deflateEnd(&stream);
  Bytes trailer(8);
  store_le(trailer.data(), static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                                                              static_cast<uInt>(content.size()))));
  store_le(trailer.data() + 4, static_cast<std::uint32_t>(content.size()));
  return header + body + accel::to_string(trailer);
}

/// Both decoders take and refuse the same.
enum class Decoder { fast, indexing };

class GzipDecoderTest : public ::testing::TestWithParam<Decoder> {
 protected:
  static std::unique_ptr<io::ByteStream> decoder_of(io::ByteStream& compressed) {
    if (GetParam() == Decoder::fast) return make_decoder(Compression::gzip, compressed);
    return make_indexing_decoder(compressed, {std::make_shared<BlockBoundaries>()});
  }

  static std::string unzip(std::string_view compressed) {
    io::MemoryStream inner(as_bytes(compressed));
    return drain(*decoder_of(inner));
  }

  /// The offset of the FormatError, or -1 when there is none.
  static std::int64_t failure_offset(std::string_view compressed) {
    try {
      static_cast<void>(unzip(compressed));
    } catch (const FormatError& error) {
      EXPECT_TRUE(error.where().offset.has_value());
      return static_cast<std::int64_t>(error.where().offset.value_or(0));
    }
    return -1;
  }
};

INSTANTIATE_TEST_SUITE_P(, GzipDecoderTest, ::testing::Values(Decoder::fast, Decoder::indexing),
                         [](const auto& tested) {
                           return std::string(tested.param == Decoder::fast ? "fast" : "indexing");
                         });

TEST_P(GzipDecoderTest, reads_what_zlib_writes) {
  for (const std::string& text : sample_texts()) {
    for (const int level : {0, 1, 6, 9}) {
      const std::string member = zlib_member(text, {}, level);
      EXPECT_EQ(unzip(member), text) << text.size() << " at level " << level;
    }
  }
}

TEST_P(GzipDecoderTest, any_piece_size_on_either_side_gives_the_same_bytes) {
  const std::string text = structured_text(70'000) + random_text(3'000) + std::string(70'000, 'x');
  const std::string compressed = gzip(text.substr(0, 100'000)) + gzip("") + gzip(text.substr(100'000), 1);
  for (const std::size_t in : {1U, 2U, 7U, 4096U, 1'000'000U}) {
    for (const std::size_t out : {1U, 3U, 512U, 33'000U, 1'000'000U}) {
      testing::ChunkedStream trickle(compressed, in);
      EXPECT_EQ(drain(*decoder_of(trickle), out), text) << in << " " << out;
    }
  }
}

TEST_P(GzipDecoderTest, members_are_joined_whatever_their_number_and_size) {
  std::string compressed;
  std::string want;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::string text = structured_text(i * 37 % 1500);
    compressed += i % 3 == 0 ? zlib_member(text) : gzip(text, static_cast<int>(i % 13));
    want += text;
  }
  EXPECT_EQ(unzip(compressed), want);
}

TEST_P(GzipDecoderTest, every_header_field_is_skipped) {
  for (unsigned mask = 0; mask < 32; ++mask) {
    for (const std::size_t length : {0U, 1U, 300U}) {
      MemberFields fields{.extra = std::string(length, '\x1f'),
                          .name = std::string(length, 'n'),
                          .comment = std::string(length, '\xff'),
                          .has_extra = (mask & 1U) != 0,
                          .has_name = (mask & 2U) != 0,
                          .has_comment = (mask & 4U) != 0,
                          .checksum = (mask & 8U) != 0,
                          .text = (mask & 16U) != 0};
      const std::string member = zlib_member("content", fields);
      EXPECT_EQ(unzip(member + member), "contentcontent") << mask << " " << length;
      testing::ChunkedStream trickle(member, 1);
      EXPECT_EQ(drain(*decoder_of(trickle)), "content");
    }
  }
  const MemberFields longest{.extra = std::string(65'535, 'e'),
                             .name = std::string(300'000, 'n'),
                             .comment = {},
                             .has_extra = true,
                             .has_name = true,
                             .checksum = true};
  EXPECT_EQ(unzip(zlib_member("content", longest)), "content");
}

TEST_P(GzipDecoderTest, wrong_header_checksum_is_rejected) {
  std::string member = zlib_member("content", {.name = "n", .has_name = true, .checksum = true});
  EXPECT_EQ(unzip(member), "content");
  member[4] = static_cast<char>(member[4] ^ 1);
  EXPECT_EQ(failure_offset(member), 0);
}

TEST_P(GzipDecoderTest, reserved_flags_and_other_methods_are_rejected) {
  for (const unsigned flag : {0x20U, 0x40U, 0x80U}) {
    std::string member = gzip("content");
    member[3] = static_cast<char>(flag);
    EXPECT_GE(failure_offset(member), 0) << flag;
  }
  std::string member = gzip("content");
  member[2] = 7;
  EXPECT_GE(failure_offset(member), 0);
}

TEST_P(GzipDecoderTest, every_truncation_is_detected) {
  const std::string first = zlib_member("first", {.extra = "xx",
                                                  .name = "name",
                                                  .comment = "comment",
                                                  .has_extra = true,
                                                  .has_name = true,
                                                  .has_comment = true,
                                                  .checksum = true});
  const std::string compressed = first + gzip(structured_text(2000)) + gzip(random_text(200), 0);
  const std::vector<std::size_t> ends = {first.size(), first.size() + gzip(structured_text(2000)).size()};
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    if (size == ends[0] || size == ends[1]) continue;  // whole members: shorter, but well-formed
    EXPECT_EQ(failure_offset(compressed.substr(0, size)), static_cast<std::int64_t>(size)) << size;
  }
}

TEST_P(GzipDecoderTest, every_bit_flip_is_detected_or_harmless) {
  const std::string text = structured_text(700);
  const std::string compressed = gzip(text) + gzip("tail");
  std::size_t detected = 0;
  for (std::size_t bit = 0; bit < compressed.size() * 8; ++bit) {
    std::string wrong = compressed;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    try {
      EXPECT_EQ(unzip(wrong), text + "tail") << "silently wrong after flipping bit " << bit;
    } catch (const FormatError&) {
      ++detected;
    }
  }
  // MTIME, XFL, OS and FTEXT of two members mean nothing: 2 * 49 bits; a few others end in the same bytes.
  EXPECT_GE(detected, compressed.size() * 8 - 2 * 49 - 16);
}

TEST_P(GzipDecoderTest, wrong_checksum_and_wrong_length_are_rejected) {
  for (const std::size_t back : {8U, 5U, 4U, 1U}) {
    std::string member = gzip("content");
    member[member.size() - back] = static_cast<char>(member[member.size() - back] + 1);
    EXPECT_GE(failure_offset(member), 0) << back;
    EXPECT_GE(failure_offset(gzip("before") + member + gzip("after")), 0) << back;
  }
}

TEST_P(GzipDecoderTest, zero_padding_after_the_last_member_is_accepted) {
  for (const std::size_t zeros : {1U, 511U, 10'240U, 500'000U}) {
    EXPECT_EQ(unzip(gzip("content") + std::string(zeros, '\0')), "content") << zeros;
  }
}

TEST_P(GzipDecoderTest, other_trailing_bytes_are_rejected_where_they_are) {
  const std::string member = gzip("content");
  const auto size = static_cast<std::int64_t>(member.size());
  EXPECT_EQ(failure_offset(member + "garbage"), size);
  EXPECT_EQ(failure_offset(member + "\x1f"s), size + 1);  // a header that does not go on
  EXPECT_EQ(failure_offset(member + std::string(600, '\0') + "x"), size + 600);
  EXPECT_EQ(failure_offset(member + std::string(600, '\0') + member), size + 600);
  EXPECT_EQ(failure_offset(std::string(20, '\0') + member), 0);  // padding comes last, not first
}

TEST_P(GzipDecoderTest, empty_and_foreign_input_is_rejected) {
  EXPECT_EQ(failure_offset(""), 0);
  EXPECT_EQ(failure_offset("plain text, longer than a header"), 0);
  EXPECT_EQ(failure_offset(zstd("content")), 0);
}

TEST_P(GzipDecoderTest, failed_stream_never_comes_to_a_clean_end) {
  const std::string compressed = gzip(structured_text(1000));
  io::MemoryStream inner(as_bytes(compressed).first(compressed.size() - 3));
  const auto decoder = decoder_of(inner);
  EXPECT_THROW(drain(*decoder), FormatError);
  EXPECT_THROW(drain(*decoder), FormatError);
}

TEST_P(GzipDecoderTest, lookback_before_the_start_of_a_member_is_rejected) {
  // Fixed block: literal 'a', then a match of length 3 at distance 2, with only one byte there.
  const std::string body = "\x4b\x04\x12\x00"s;
  EXPECT_GE(failure_offset("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"s + body + std::string(8, '\0')), 0);
  // The window of an earlier member is not there either.
  EXPECT_GE(
      failure_offset(gzip("abcdefgh") + "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"s + body + std::string(8, '\0')), 0);
}

}  // namespace
}  // namespace accel::codec
