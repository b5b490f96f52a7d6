#include "accel/codec/zstd_frame_writer.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "accel/base/error.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

std::string frame_of(std::string_view text, std::size_t piece) {
  io::MemorySink sink;
  ZstdFrameWriter writer(3, text.size(), sink);
  for (std::size_t at = 0; at < text.size(); at += piece) writer.write(as_bytes(text.substr(at, piece)));
  writer.finish();
  return accel::to_string(sink.view());
}

TEST(ZstdFrameWriterTest, content_in_any_pieces_makes_one_frame_that_states_its_size) {
  for (const std::string& text : sample_texts()) {
    const std::string frame = frame_of(text, 70'000);
    std::string back(text.size(), '\0');
    decode_unit(Compression::zstd, as_bytes(frame), std::as_writable_bytes(std::span(back)));
    EXPECT_EQ(back, text);
    EXPECT_EQ(decode(Compression::zstd, frame), text);
    std::string at_once(ZSTD_compressBound(text.size()), '\0');
    EXPECT_LE(frame.size(), ZSTD_compress(at_once.data(), at_once.size(), text.data(), text.size(), 3));
  }
}

TEST(ZstdFrameWriterTest, content_of_another_size_is_an_error) {
  io::MemorySink sink;
  ZstdFrameWriter writer(3, 10, sink);
  writer.write(as_bytes("short"));
  EXPECT_THROW(writer.finish(), Error);
  ZstdFrameWriter other(3, 2, sink);
  EXPECT_THROW(
      {
        other.write(as_bytes("long"));
        other.finish();
      },
      Error);
}

TEST(ZstdFrameWriterTest, levels_outside_the_range_are_refused) {
  io::MemorySink sink;
  EXPECT_THROW(ZstdFrameWriter(0, 1, sink), ConfigError);
  EXPECT_THROW(ZstdFrameWriter(23, 1, sink), ConfigError);
}

}  // namespace
}  // namespace accel::codec
