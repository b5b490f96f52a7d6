#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "codec/samples.hpp"
#include "codec/zlib_reference.hpp"
#include "support/chunked_stream.hpp"

namespace accel::codec {
namespace {

using Kind = BlockBoundary::Kind;

/// Decodes everything in pieces and asks for boundaries as its consumer does: only where bytes were seen.
std::vector<BoundaryAndWindow> index(std::string_view compressed, std::size_t in, std::size_t out,
                                     std::string* content = nullptr) {
  testing::ChunkedStream stream(std::string(compressed), in);
  const auto boundaries = std::make_shared<BlockBoundaries>();
  const auto decoder = make_indexing_decoder(stream, {boundaries});
  std::vector<BoundaryAndWindow> list;
  const auto collect = [&](std::uint64_t limit) {
    while (const auto boundary = boundaries->next(limit)) {
      list.push_back({*boundary, {}});
      if (boundary->kind == Kind::block) list.back().window = as_text(boundaries->window());
    }
  };
  Bytes block(out);
  std::uint64_t total = 0;
  while (const std::size_t count = decoder->read(block)) {
    total += count;
    collect(total - 1);
    if (content != nullptr) *content += as_text(ByteView(block).first(count));
  }
  collect(UINT64_MAX);
  return list;
}

std::vector<BoundaryAndWindow> without_marks(std::vector<BoundaryAndWindow> list) {
  std::erase_if(list, [](const BoundaryAndWindow& item) { return item.boundary.kind == Kind::mark; });
  return list;
}

std::vector<std::string> streams() {
  std::vector<std::string> list;
  const std::string text = structured_text(400'000) + random_text(100'000) + std::string(200'000, '\0');
  for (const int level : {0, 1, 6, 9}) list.push_back(zlib_deflate(text, {.level = level}));
  list.push_back(zlib_deflate(text, {.strategy = Z_FIXED}));
  list.push_back(zlib_deflate(text, {.strategy = Z_HUFFMAN_ONLY, .memory_level = 1}));
  for (const int flush : {Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH, Z_BLOCK}) {
    list.push_back(zlib_deflate(text, {.flush_every = 5'000, .flush = flush}));
  }
  // Members of all sizes, empty ones too.
  std::string members;
  for (std::size_t i = 0; i < 200; ++i) members += zlib_deflate(text.substr(i * 3000, i * i % 7000), {.level = 6});
  list.push_back(members + gzip("") + gzip("") + gzip(text.substr(0, 100'000)) + gzip(""));
  return list;
}

TEST(IndexingDecoderTest, finds_the_boundaries_and_windows_that_zlib_finds) {
  for (const std::string& compressed : streams()) {
    const auto want = zlib_boundaries(compressed);
    const auto got = without_marks(index(compressed, SIZE_MAX, 1 << 20));
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].boundary.kind, want[i].boundary.kind) << i;
      ASSERT_EQ(got[i].boundary.in, want[i].boundary.in) << i;
      ASSERT_EQ(got[i].boundary.out, want[i].boundary.out) << i;
      ASSERT_EQ(got[i].boundary.bits, want[i].boundary.bits) << i;
      ASSERT_EQ(got[i].boundary.byte, want[i].boundary.byte) << i;
      ASSERT_TRUE(got[i].window == want[i].window) << i;
    }
  }
}

TEST(IndexingDecoderTest, boundaries_do_not_depend_on_how_the_stream_is_cut) {
  for (const std::string& compressed : streams()) {
    std::string content;
    const auto want = index(compressed, SIZE_MAX, 1 << 20, &content);
    EXPECT_EQ(content, decode(Compression::gzip, compressed));
    for (const auto& [in, out] :
         std::vector<std::pair<std::size_t, std::size_t>>{{1, 1 << 20}, {100'000, 777}, {5, 40'000}, {4096, 65'536}}) {
      std::string again;
      EXPECT_TRUE(index(compressed, in, out, &again) == want) << in << " " << out;
      EXPECT_EQ(again, content);
    }
  }
}

TEST(IndexingDecoderTest, decoding_can_start_at_every_block) {
  const std::string text = structured_text(300'000) + random_text(70'000) + structured_text(100'000);
  for (const std::string& compressed : {zlib_deflate(text, {.memory_level = 3}), zlib_deflate(text, {.level = 0})}) {
    const auto list = index(compressed, SIZE_MAX, 1 << 20);
    std::size_t blocks = 0;
    for (const auto& [boundary, window] : list) {
      if (boundary.kind != Kind::block) continue;
      ++blocks;
      const ZlibInflate stream = zlib_inflate(-15);
      if (boundary.bits > 0) {
        inflatePrime(stream.get(), boundary.bits, std::to_integer<int>(boundary.byte) >> (8 - boundary.bits));
      }
      inflateSetDictionary(stream.get(), reinterpret_cast<const Bytef*>(window.data()),
                           static_cast<uInt>(window.size()));
      std::string rest(text.size() - boundary.out, '\0');
      set_input(*stream, std::string_view(compressed).substr(boundary.in));
      set_output(*stream, rest, 0);
      ASSERT_EQ(inflate(stream.get(), Z_NO_FLUSH), Z_STREAM_END);
      ASSERT_TRUE(rest == std::string_view(text).substr(boundary.out));
    }
    EXPECT_GT(blocks, 5U);
  }
}

TEST(IndexingDecoderTest, long_blocks_have_marks_and_the_input_up_to_one_is_enough) {
  // 3 MB of the same byte are one block.
  const std::string compressed = zlib_deflate(std::string(3'000'000, 'x') + structured_text(10'000));
  std::uint64_t last = 0;
  std::size_t marks = 0;
  for (const auto& [boundary, window] : index(compressed, SIZE_MAX, 1 << 20)) {
    EXPECT_LE(boundary.out - last, BlockBoundaries::kMaxDistance);
    last = boundary.out;
    if (boundary.kind != Kind::mark) continue;
    ++marks;
    const ZlibInflate stream = zlib_inflate(31);
    std::string out(boundary.out, '\0');
    set_input(*stream, std::string_view(compressed).substr(0, boundary.in));
    set_output(*stream, out, 0);
    inflate(stream.get(), Z_NO_FLUSH);
    EXPECT_EQ(stream->avail_out, 0U);
  }
  EXPECT_GE(marks, 40U);
}

TEST(IndexingDecoderTest, input_without_the_end_bytes_of_a_member_gives_all_content_and_no_end) {
  std::size_t with = 0;
  std::size_t without = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    const std::string text = i % 2 == 0 ? structured_text(i * 13 + 1) : random_text(i + 1).substr(0, 1 + i % 7);
    const std::string compressed =
        zlib_deflate(text, {.level = i % 10 == 9 ? 0 : 6, .strategy = i % 3 == 0 ? Z_FIXED : Z_DEFAULT_STRATEGY});
    const BlockBoundary end = index(compressed, SIZE_MAX, 1 << 20).back().boundary;
    ASSERT_EQ(end.kind, Kind::member_end);
    ASSERT_EQ(end.in, compressed.size() - 8);
    ASSERT_EQ(end.out, text.size());
    ++(end.end_bytes > 0 ? with : without);
    if (end.end_bytes == 0) continue;
    const ZlibInflate stream = zlib_inflate(-15);
    std::string out(text.size(), '\0');
    set_input(*stream, std::string_view(compressed).substr(10, end.in - end.end_bytes - 10));
    set_output(*stream, out, 0);
    ASSERT_EQ(inflate(stream.get(), Z_NO_FLUSH), Z_OK);
    ASSERT_EQ(stream->avail_out, 0U);
    ASSERT_TRUE(out == text);
  }
  EXPECT_GT(with, 200U);
  EXPECT_GT(without, 20U);  // stored blocks, and short codes
}

TEST(IndexingDecoderTest, every_consumer_gets_every_boundary) {
  const std::string compressed = zlib_deflate(structured_text(500'000)) + gzip("end");
  io::MemoryStream stream(as_bytes(compressed));
  const BoundaryConsumers consumers{std::make_shared<BlockBoundaries>(), std::make_shared<BlockBoundaries>()};
  const auto decoder = make_indexing_decoder(stream, consumers);
  EXPECT_EQ(drain(*decoder).size(), 500'003U);
  std::size_t count = 0;
  while (const auto boundary = consumers[0]->next(UINT64_MAX)) {
    ++count;
    EXPECT_EQ(consumers[1]->next(UINT64_MAX), boundary);
    EXPECT_EQ(consumers[0]->window(), consumers[1]->window());
  }
  EXPECT_EQ(consumers[1]->next(UINT64_MAX), std::nullopt);
  EXPECT_GE(count, 6U);
}

TEST(IndexingDecoderTest, the_consumer_may_be_another_thread) {
  const std::string compressed = zlib_deflate(structured_text(3'000'000), {.memory_level = 2});
  const auto want = index(compressed, SIZE_MAX, 1 << 20);
  io::MemoryStream stream(as_bytes(compressed));
  const auto boundaries = std::make_shared<BlockBoundaries>();
  const auto decoder = make_indexing_decoder(stream, {boundaries});
  std::atomic<std::uint64_t> seen{0};
  std::jthread reader([&] {
    Bytes block(10'000);
    while (const std::size_t count = decoder->read(block)) seen += count;
    seen = UINT64_MAX;
  });
  std::vector<BoundaryAndWindow> got;
  for (bool done = false; !done;) {
    const std::uint64_t limit = seen;
    done = limit == UINT64_MAX;
    while (const auto boundary = limit == 0 ? std::nullopt : boundaries->next(limit - 1)) {
      got.push_back({*boundary, {}});
      if (boundary->kind == Kind::block) got.back().window = as_text(boundaries->window());
    }
    std::this_thread::yield();
  }
  EXPECT_TRUE(got == want);
}

TEST(IndexingDecoderTest, limits_hold) {
  const std::string compressed = gzip(std::string(1'000'000, 'x'));
  for (const auto& [limits, passes] :
       std::vector<std::pair<DecodeLimits, bool>>{{{.max_bytes = 1'000'000}, true},
                                                  {{.max_bytes = 999'999}, false},
                                                  {{.max_ratio = 50, .ratio_free_bytes = 100'000}, false},
                                                  {{.max_ratio = 50, .ratio_free_bytes = 1'000'000}, true}}) {
    io::MemoryStream stream(as_bytes(compressed));
    const auto decoder = make_indexing_decoder(stream, {}, limits);
    if (passes) {
      EXPECT_EQ(drain(*decoder).size(), 1'000'000U);
    } else {
      EXPECT_THROW(drain(*decoder), FormatError);
    }
  }
}

TEST(BlockBoundariesTest, what_was_asked_for_goes_and_windows_are_put_together) {
  BlockBoundaries boundaries;
  const auto block = [](std::uint64_t out) { return BlockBoundary{.in = out / 2, .out = out}; };
  boundaries.add(block(0), {}, {}, 0);
  boundaries.add(block(3), as_bytes("ab"), as_bytes("c"), 3);
  boundaries.add({.kind = Kind::mark, .in = 2, .out = 4}, {}, {}, 4);
  boundaries.add(block(5), {}, as_bytes("de"), 4);
  EXPECT_EQ(boundaries.next(2)->out, 0U);
  EXPECT_TRUE(boundaries.window().empty());
  EXPECT_EQ(boundaries.next(2), std::nullopt);
  EXPECT_EQ(boundaries.next(3)->out, 3U);
  EXPECT_EQ(as_text(boundaries.window()), "abc");
  EXPECT_EQ(boundaries.next(100)->kind, Kind::mark);
  EXPECT_EQ(as_text(boundaries.window()), "abc");
  EXPECT_EQ(boundaries.next(100)->out, 5U);
  EXPECT_EQ(as_text(boundaries.window()), "bcde");
}

TEST(BlockBoundariesTest, of_empty_blocks_only_the_last_is_kept) {
  // One member of a hundred thousand empty stored blocks.
  std::string raw;
  for (int i = 0; i < 100'000; ++i) raw += std::string("\0\0\0\xff\xff", 5);
  raw += std::string("\3\0", 2);
  const std::string compressed = std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10) + raw + std::string(8, '\0');
  const auto list = index(compressed, SIZE_MAX, 1000);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].boundary.in, 10U + 500'000U);
  EXPECT_EQ(list[1].boundary.kind, Kind::member_end);
}

}  // namespace
}  // namespace accel::codec
