#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

using namespace std::string_literals;

/// Decodes one gzip member with zlib; "<error>" when it is not exactly one.
std::string zlib_unzip(std::string_view member) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(400'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.data()));
  stream.avail_in = static_cast<uInt>(member.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int code = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  const bool exact = code == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return exact ? text : "<error>";
}

std::string library_unzstd(std::string_view frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size > 400'000) return "<error>";  // also the values for "unknown" and "error"
  std::string text(size, '\0');
  const std::size_t got = ZSTD_decompress(text.data(), text.size(), frame.data(), frame.size());
  return got == size ? text : "<error>";
}

TEST(GzipEncoderTest, every_level_is_read_by_us_and_by_zlib) {
  for (int level = 0; level <= 12; ++level) {
    const auto encoder = make_gzip_encoder(level);
    for (const std::string& text : sample_texts()) {
      const std::string member = accel::to_string(encode_once(*encoder, text).view());
      EXPECT_EQ(zlib_unzip(member), text) << level << " " << text.size();
      EXPECT_EQ(decode(Compression::gzip, member), text) << level << " " << text.size();
    }
  }
}

TEST(GzipEncoderTest, header_is_the_one_of_the_spec) {
  for (int level = 0; level <= 12; ++level) {
    const char xfl = level == 9 ? '\x02' : level == 1 ? '\x04' : '\x00';
    for (const std::string& text : {""s, "x"s, structured_text(5000)}) {
      EXPECT_EQ(gzip(text, level).substr(0, 10), "\x1f\x8b\x08\x00\x00\x00\x00\x00"s + xfl + "\xff"s) << level;
    }
  }
}

TEST(GzipEncoderTest, level_0_stores) {
  const std::string text = structured_text(1000);
  EXPECT_NE(gzip(text, 0).find(text), std::string::npos);
  EXPECT_LT(gzip(std::string(1 << 20, 'x'), 0).size(), (1U << 20U) + 500);
}

TEST(GzipEncoderTest, higher_levels_are_smaller) {
  const std::string text = structured_text(300'000);
  EXPECT_LT(gzip(text, 6).size(), gzip(text, 1).size());
  EXPECT_LE(gzip(text, 12).size(), gzip(text, 6).size());
}

TEST(ZstdEncoderTest, every_level_is_read_by_us_and_by_the_library) {
  for (int level = 1; level <= 22; ++level) {
    const auto encoder = make_zstd_encoder(level);
    for (const std::string& text : sample_texts()) {
      const std::string frame = accel::to_string(encode_once(*encoder, text).view());
      EXPECT_EQ(library_unzstd(frame), text) << level << " " << text.size();
      EXPECT_EQ(decode(Compression::zstd, frame), text) << level << " " << text.size();
    }
  }
}

/// Window in bytes that the frame asks for. RFC 8878 section 3.1.1.1.
std::uint64_t window_of(const std::string& frame) {
  const auto descriptor = static_cast<std::uint8_t>(frame.at(4));
  if ((descriptor & 0x20U) != 0) return ZSTD_getFrameContentSize(frame.data(), frame.size());
  const auto window = static_cast<std::uint8_t>(frame.at(5));
  const std::uint64_t base = 1ULL << (10U + (window >> 3U));
  return base + base / 8 * (window & 7U);
}

TEST(ZstdEncoderTest, frames_have_content_size_and_checksum_and_a_window_every_decoder_takes) {
  const std::string big(20 << 20, 'x');
  for (const int level : {1, 3, 17, 18, 19, 20, 21, 22}) {
    for (const std::string& text : {""s, "x"s, structured_text(100'000), big}) {
      const std::string frame = zstd(text, level);
      EXPECT_EQ(ZSTD_getFrameContentSize(frame.data(), frame.size()), text.size());
      EXPECT_NE(static_cast<std::uint8_t>(frame.at(4)) & 0x04U, 0U) << "no checksum";
      EXPECT_LE(window_of(frame), 8U << 20U) << level;
    }
  }
}

TEST(EncoderTest, units_do_not_depend_on_what_the_encoder_did_before) {
  std::vector<std::unique_ptr<UnitEncoder>> used;
  std::vector<std::function<std::unique_ptr<UnitEncoder>()>> makers;
  for (int level = 0; level <= 12; ++level) makers.emplace_back([level] { return make_gzip_encoder(level); });
  for (const int level : {1, 3, 7, 12, 19}) makers.emplace_back([level] { return make_zstd_encoder(level); });
  for (const auto& make : makers) {
    const auto reused = make();
    for (const std::string& text : sample_texts()) {
      const Buffer fresh = encode_once(*make(), text);
      EXPECT_EQ(as_text(encode_once(*reused, text).view()), as_text(fresh.view()));
    }
  }
}

TEST(EncoderTest, units_are_appended) {
  Buffer out;
  out.append(as_bytes("kept"));
  make_gzip_encoder(6)->encode(as_bytes("one"), out);
  make_zstd_encoder(3)->encode(as_bytes("two"), out);
  EXPECT_EQ(as_text(out.view()), "kept" + gzip("one") + zstd("two"));
}

TEST(EncoderTest, levels_out_of_range_are_refused) {
  for (const int level : {-1, 13, 1000}) EXPECT_THROW(static_cast<void>(make_gzip_encoder(level)), ConfigError);
  for (const int level : {-5, 0, 23}) EXPECT_THROW(static_cast<void>(make_zstd_encoder(level)), ConfigError);
}

}  // namespace
}  // namespace accel::codec
