#include <gtest/gtest.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"
#include "support/chunked_stream.hpp"

namespace accel::codec {
namespace {

using namespace std::string_literals;

std::string skippable(std::uint32_t kind, std::string_view payload) {
  Bytes head(8);
  store_le(head.data(), 0x184D2A50U + kind);
  store_le(head.data() + 4, static_cast<std::uint32_t>(payload.size()));
  return accel::to_string(head) + std::string(payload);
}

/// A frame as a streaming writer makes it: no content size, maybe no checksum, a window of its own.
std::string streamed_frame(std::string_view text, int window_log = 0, bool checksum = false) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  ZSTD_inBuffer source{text.data(), text.size(), 0};
  EXPECT_EQ(ZSTD_isError(ZSTD_compressStream2(context, &target, &source, ZSTD_e_continue)), 0U);
  EXPECT_EQ(ZSTD_compressStream2(context, &target, &source, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  out.resize(target.pos);
  return out;
}

std::string unzstd(std::string_view compressed) { return decode(Compression::zstd, compressed); }

std::int64_t failure_offset(std::string_view compressed) {
  try {
    static_cast<void>(unzstd(compressed));
  } catch (const FormatError& error) {
    EXPECT_TRUE(error.where().offset.has_value());
    return static_cast<std::int64_t>(error.where().offset.value_or(0));
  }
  return -1;
}

TEST(ZstdDecoderTest, reads_what_the_library_streams) {
  for (const std::string& text : sample_texts()) {
    EXPECT_EQ(unzstd(streamed_frame(text)), text) << text.size();
    EXPECT_EQ(unzstd(streamed_frame(text, 10, true)), text) << text.size();
  }
}

TEST(ZstdDecoderTest, any_piece_size_on_either_side_gives_the_same_bytes) {
  const std::string text = structured_text(150'000) + random_text(3'000) + std::string(300'000, 'x');
  const std::string compressed = skippable(0, "head") + zstd(text.substr(0, 100'000)) + zstd("") + skippable(15, "") +
                                 streamed_frame(text.substr(100'000)) + skippable(3, "tail");
  for (const std::size_t in : {1U, 2U, 7U, 4096U, 1'000'000U}) {
    for (const std::size_t out : {1U, 3U, 512U, 33'000U, 1'000'000U}) {
      testing::ChunkedStream trickle(compressed, in);
      EXPECT_EQ(drain(*make_decoder(Compression::zstd, trickle), out), text) << in << " " << out;
    }
  }
}

TEST(ZstdDecoderTest, frames_are_joined_and_skippable_frames_skipped) {
  EXPECT_EQ(unzstd(zstd("ab") + zstd("cd") + zstd("") + zstd("ef")), "abcdef");
  for (std::uint32_t kind = 0; kind < 16; ++kind) {
    EXPECT_EQ(unzstd(skippable(kind, "before") + zstd("ab") + skippable(kind, std::string(300'000, 'x')) + zstd("cd")),
              "abcd");
  }
  EXPECT_EQ(unzstd(skippable(0, "nothing else")), "");
  // What is inside a skippable frame is not looked at.
  EXPECT_EQ(unzstd(zstd("ab") + skippable(0, zstd("toc"))), "ab");
}

TEST(ZstdDecoderTest, every_truncation_is_detected) {
  const std::vector<std::string> frames = {zstd(structured_text(2000)), skippable(0, "payload"),
                                           streamed_frame(structured_text(500)), zstd(random_text(200))};
  std::string compressed;
  std::vector<std::size_t> ends;
  for (const std::string& frame : frames) {
    compressed += frame;
    ends.push_back(compressed.size());
  }
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    if (std::find(ends.begin(), ends.end(), size) != ends.end()) continue;  // whole frames: shorter, but well-formed
    EXPECT_GE(failure_offset(compressed.substr(0, size)), 0) << size;
  }
}

TEST(ZstdDecoderTest, every_bit_flip_is_detected_or_harmless) {
  const std::string text = structured_text(700);
  const std::string compressed = zstd(text) + zstd("tail");
  std::size_t detected = 0;
  for (std::size_t bit = 0; bit < compressed.size() * 8; ++bit) {
    std::string wrong = compressed;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    try {
      EXPECT_EQ(unzstd(wrong), text + "tail") << "silently wrong after flipping bit " << bit;
    } catch (const FormatError&) {
      ++detected;
    }
  }
  EXPECT_GE(detected, compressed.size() * 8 - 24);
}

TEST(ZstdDecoderTest, trailing_bytes_are_rejected_where_they_are) {
  const std::string frame = zstd("content");
  const auto size = static_cast<std::int64_t>(frame.size());
  EXPECT_EQ(failure_offset(frame + "garbage"), size);
  EXPECT_EQ(failure_offset(frame + "x"), size);
  EXPECT_EQ(failure_offset(frame + std::string(512, '\0')), size);
  EXPECT_EQ(failure_offset(frame + gzip("x")), size);
}

TEST(ZstdDecoderTest, empty_and_foreign_input_is_rejected) {
  EXPECT_EQ(failure_offset(""), 0);
  EXPECT_EQ(failure_offset("plain text"), 0);
  EXPECT_EQ(failure_offset(gzip("content")), 0);
  EXPECT_EQ(failure_offset("\x27\xb5\x2f\xfd\0\0\0\0\0\0\0\0"s), 0);  // zstd 0.7
}

TEST(ZstdDecoderTest, windows_up_to_128_mib_are_read_and_wider_ones_refused) {
  const std::string text = structured_text(5000);
  EXPECT_EQ(unzstd(streamed_frame(text, 27)), text);
  try {
    static_cast<void>(unzstd(streamed_frame(text, 28)));
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_NE(error.message().find("128 MiB"), std::string::npos) << error.what();
    EXPECT_FALSE(error.hint().empty());
  }
}

// libzstd 1.5.4 compares the two sizes, but not when the last block is empty.
TEST(ZstdDecoderTest, frame_with_another_size_than_its_header_says_is_rejected) {
  struct Case {
    const char* what;
    std::string frame;
    std::size_t holds;
  };
  const std::vector<Case> cases{
      {"nothing, says 4, with checksum", "\x28\xb5\x2f\xfd\x24\x04\x01\x00\x00\x99\xe9\xd8\x51"s, 0},
      {"nothing, says 4", "\x28\xb5\x2f\xfd\x20\x04\x01\x00\x00"s, 0},
      {"x and an empty block, says 2", "\x28\xb5\x2f\xfd\x20\x02\x08\x00\x00x\x01\x00\x00"s, 1},
      {"x, says 2", "\x28\xb5\x2f\xfd\x20\x02\x09\x00\x00x"s, 1},
      {"xy, says 1", "\x28\xb5\x2f\xfd\x20\x01\x11\x00\x00xy"s, 2},
  };
  for (const auto& [what, frame, holds] : cases) {
    EXPECT_GE(failure_offset(frame), 0) << what;
    EXPECT_GE(failure_offset(zstd("before") + frame), 0) << what;
    if (holds == 0) continue;
    Bytes unit(holds);
    EXPECT_THROW(decode_unit(Compression::zstd, as_bytes(frame), unit), FormatError) << what;
  }
  EXPECT_EQ(unzstd("\x28\xb5\x2f\xfd\x20\x01\x08\x00\x00x\x01\x00\x00"s), "x");
}

TEST(ZstdDecoderTest, frame_that_needs_a_dictionary_is_rejected) {
  // Frame header with a one-byte dictionary id 7, single segment, content size 1, then a raw block "x".
  EXPECT_GE(failure_offset("\x28\xb5\x2f\xfd\x21\x07\x01\x09\x00\x00x"s), 0);
}

TEST(ZstdDecoderTest, failed_stream_never_comes_to_a_clean_end) {
  const std::string compressed = zstd(structured_text(1000));
  io::MemoryStream inner(as_bytes(compressed).first(compressed.size() - 3));
  const auto decoder = make_decoder(Compression::zstd, inner);
  EXPECT_THROW(drain(*decoder), FormatError);
  EXPECT_THROW(drain(*decoder), FormatError);
}

}  // namespace
}  // namespace accel::codec
