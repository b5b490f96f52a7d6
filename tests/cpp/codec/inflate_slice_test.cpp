#include "accel/codec/inflate_slice.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "codec/zlib_reference.hpp"

namespace accel::codec {
namespace {

std::string numbers(std::size_t size, unsigned seed) {
  std::string text;
  for (unsigned state = seed; text.size() < size;) {
    state = state * 1664525U + 1013904223U;
    text += std::to_string(state >> 18U) + "\n";
  }
  text.resize(size);
  return text;
}

/// One member in blocks of about 4000 bytes, which end inside bytes.
std::string member(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 4096, '\0');
  set_output(stream, out, 0);
  for (std::size_t at = 0; at < text.size(); at += 4000) {
    const std::string_view piece = text.substr(at, 4000);
    set_input(stream, piece);
    deflate(&stream, at + piece.size() == text.size() ? Z_FINISH : Z_PARTIAL_FLUSH);
  }
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Sample {
  std::string text = numbers(60'000, 1) + numbers(50'000, 2);
  std::string compressed =
      member(std::string_view(text).substr(0, 60'000)) + member(std::string_view(text).substr(60'000));
  std::vector<BoundaryAndWindow> boundaries = zlib_boundaries(compressed);

  [[nodiscard]] GzipSlice from(const BoundaryAndWindow& at) const {
    return {as_bytes(compressed).subspan(static_cast<std::size_t>(at.boundary.in)), as_bytes(at.window),
            at.boundary.bits, std::to_integer<std::uint8_t>(at.boundary.byte)};
  }
};

TEST(InflateSlice, decoding_begins_at_every_block_and_goes_through_members) {
  const Sample sample;
  std::size_t inside_bytes = 0;
  for (const BoundaryAndWindow& at : sample.boundaries) {
    if (at.boundary.kind != BlockBoundary::Kind::block) continue;
    if (at.boundary.bits != 0) ++inside_bytes;
    const std::string want = sample.text.substr(static_cast<std::size_t>(at.boundary.out));
    Bytes out(want.size());
    inflate_slice(sample.from(at), out);
    ASSERT_EQ(as_text(out), want) << "from " << at.boundary.out;
  }
  EXPECT_GT(inside_bytes, 5U);
}

TEST(InflateSlice, input_may_end_where_the_output_does) {
  const Sample sample;
  const BoundaryAndWindow& at = sample.boundaries.at(1);
  Bytes out(sample.text.size() - static_cast<std::size_t>(at.boundary.out));
  GzipSlice slice = sample.from(at);
  slice.input = slice.input.first(slice.input.size() - 8);  // without the last member's checksum
  inflate_slice(slice, out);
  EXPECT_EQ(as_text(out), sample.text.substr(static_cast<std::size_t>(at.boundary.out)));
}

TEST(InflateSlice, every_cut_is_refused) {
  const Sample sample;
  const GzipSlice whole = sample.from(sample.boundaries.at(1));
  Bytes out(sample.text.size() - static_cast<std::size_t>(sample.boundaries.at(1).boundary.out));
  for (std::size_t size = 0; size + 16 < whole.input.size(); size += 501) {
    GzipSlice cut = whole;
    cut.input = whole.input.first(size);
    EXPECT_THROW(inflate_slice(cut, out), FormatError) << size;
  }
}

TEST(InflateSlice, more_than_there_is_is_refused) {
  const Sample sample;
  Bytes out(sample.text.size() + 1);
  EXPECT_THROW(inflate_slice(sample.from(sample.boundaries.front()), out), FormatError);
}

TEST(InflateSlice, impossible_starts_are_refused) {
  const Sample sample;
  Bytes out(10);
  GzipSlice slice = sample.from(sample.boundaries.front());
  slice.bits = 8;
  EXPECT_THROW(inflate_slice(slice, out), FormatError);
  slice.bits = 0;
  const Bytes window(32769);
  slice.window = window;
  EXPECT_THROW(inflate_slice(slice, out), FormatError);
}

TEST(InflateSlice, missing_window_is_noticed) {
  const Sample sample;
  for (const BoundaryAndWindow& at : sample.boundaries) {
    if (at.boundary.kind != BlockBoundary::Kind::block || at.window.size() < 8000) continue;
    GzipSlice slice = sample.from(at);
    slice.window = {};
    Bytes out(30'000);
    EXPECT_THROW(inflate_slice(slice, out), FormatError);
    return;
  }
  FAIL() << "no block with a window";
}

}  // namespace
}  // namespace accel::codec
