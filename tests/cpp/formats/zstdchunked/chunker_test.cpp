#include "accel/formats/zstdchunked/chunker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "accel/hash/hasher.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats::zstdchunked {
namespace {

using formats::testing::random_bytes;

/// Collects chunks as "size" or "size zeros".
class Collector final : public ChunkVisitor {
 public:
  void data(ByteView bytes) override { add(bytes.size(), false), content.append(as_text(bytes)); }
  void hole(std::uint64_t bytes) override {
    add(bytes, true);
    content.append(static_cast<std::size_t>(bytes), '\0');
  }
  void boundary() override {
    EXPECT_TRUE(open_);
    open_ = false;
  }
  std::vector<std::string> chunks() const {
    std::vector<std::string> texts;
    for (const auto& [size, zeros] : sizes_) texts.push_back(std::to_string(size) + (zeros ? " zeros" : ""));
    return texts;
  }

  std::string content;

 private:
  void add(std::uint64_t bytes, bool zeros) {
    if (!open_) sizes_.emplace_back(0, zeros);
    open_ = true;
    EXPECT_EQ(sizes_.back().second, zeros);
    sizes_.back().first += bytes;
  }
  std::vector<std::pair<std::uint64_t, bool>> sizes_;
  bool open_ = false;
};

std::vector<std::string> chunks_of(const std::string& content, std::size_t piece = SIZE_MAX) {
  Chunker chunker;
  Collector collector;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t count = std::min(piece, content.size() - at);
    chunker.feed(as_bytes(content).subspan(at, count), collector);
    at += count;
  }
  chunker.finish(collector);
  EXPECT_EQ(collector.content, content);
  return collector.chunks();
}

using Chunks = std::vector<std::string>;

/// The rules of zstdchunked.md 3.4, one byte at a time.
Chunks reference_chunks(const std::string& content) {
  std::array<std::uint32_t, 64> window{};
  std::uint32_t s1 = 64 * 31;
  std::uint32_t s2 = 64 * 63 * 31;
  Chunks chunks;
  std::size_t begin = 0;
  const auto end_chunk = [&](std::size_t end, bool zeros) {
    if (end > begin) chunks.push_back(std::to_string(end - begin) + (zeros ? " zeros" : ""));
    begin = end;
  };
  for (std::size_t i = 0; i < content.size();) {
    std::size_t run = 0;
    while (i + run < content.size() && content[i + run] == '\0') ++run;
    const bool hole = run >= 1024;
    if (hole) end_chunk(i, false);
    const std::size_t count = std::max<std::size_t>(run, 1);
    for (std::size_t k = 0; k < count; ++k, ++i) {
      const auto in = static_cast<std::uint32_t>(static_cast<unsigned char>(content[i]));
      const std::uint32_t out = window[i % 64];
      window[i % 64] = in;
      s1 += in - out;
      s2 += s1 - 64 * (out + 31);
      if (!hole && (s2 & 0xFFFFU) == 0xFFFFU) end_chunk(i + 1, false);
    }
    if (hole) end_chunk(i, true);
  }
  end_chunk(content.size(), false);
  return chunks;
}

TEST(Chunker, gives_the_chunks_of_the_spec) {
  const std::string first = random_bytes(300000, 1);
  ASSERT_EQ(hex_encode(as_bytes(first).first(8)), "3c5e81b40c5ec68e");
  ASSERT_EQ(hash::sha256(as_bytes(first)).hex(), "cbbf1aa1724d6a078f109e131e053eaae7eb669f6ef00b1ad46004a6118d965d");
  EXPECT_EQ(chunks_of(first), (Chunks{"133925", "21014", "6278", "131452", "7331"}));

  const std::string second =
      random_bytes(5000, 2) + std::string(70000, '\0') + random_bytes(200000, 3) + std::string(4096, '\0');
  ASSERT_EQ(hash::sha256(as_bytes(second)).hex(), "3316d0f4b684878d98a9601554d0911ac0538a8a142a5e2e6af45eb92f8439b5");
  EXPECT_EQ(chunks_of(second), (Chunks{"5000", "70000 zeros", "153631", "5828", "40541", "4096 zeros"}));
}

TEST(Chunker, chunks_do_not_depend_on_how_the_bytes_come) {
  const std::string content = random_bytes(5000, 2) + std::string(1500, '\0') + random_bytes(90000, 3) +
                              std::string(1023, '\0') + "x" + std::string(1024, '\0') + "y" + std::string(700, '\0');
  const Chunks whole = chunks_of(content);
  for (const std::size_t piece : {1UL, 2UL, 63UL, 64UL, 65UL, 511UL, 1023UL, 1024UL, 1025UL, 4096UL}) {
    EXPECT_EQ(chunks_of(content, piece), whole) << piece;
  }
}

TEST(Chunker, agrees_with_the_rules_on_mixed_content) {
  std::uint32_t x = 7;
  const auto next = [&](std::uint32_t below) {
    x = x * 1664525U + 1013904223U;
    return (x >> 8U) % below;
  };
  for (int round = 0; round < 60; ++round) {
    std::string content;
    for (int part = 0; part < 12; ++part) {
      switch (next(4)) {
        case 0:
          content += random_bytes(next(30000), x);
          break;
        case 1:
          content.append(next(3000), '\0');
          break;
        case 2:
          content.append(1015 + next(20), '\0');
          break;
        default:
          content.append(next(2000), static_cast<char>(next(256)));
          break;
      }
    }
    ASSERT_EQ(chunks_of(content, 1 + next(5000)), reference_chunks(content)) << round;
  }
}

TEST(Chunker, short_and_hollow_files) {
  EXPECT_EQ(chunks_of(""), Chunks{});
  EXPECT_EQ(chunks_of("a"), Chunks{"1"});
  EXPECT_EQ(chunks_of(std::string(1023, '\0')), Chunks{"1023"});
  EXPECT_EQ(chunks_of(std::string(1024, '\0')), Chunks{"1024 zeros"});
  EXPECT_EQ(chunks_of("a" + std::string(1023, '\0')), Chunks{"1024"});
  EXPECT_EQ(chunks_of(std::string(1023, '\0') + "a" + std::string(5000, '\0') + "b"),
            (Chunks{"1024", "5000 zeros", "1"}));
}

TEST(Chunker, each_file_begins_anew) {
  const std::string content = random_bytes(300000, 1);
  Chunker chunker;
  Collector first;
  chunker.feed(as_bytes(content), first);
  chunker.finish(first);
  Collector second;
  chunker.feed(as_bytes(content), second);
  chunker.finish(second);
  EXPECT_EQ(first.chunks(), second.chunks());
}

TEST(RollingChecksum, rolling_over_many_zeros_is_rolling_over_each) {
  for (const std::uint64_t count : {0ULL, 1ULL, 63ULL, 64ULL, 65ULL, 100000ULL}) {
    const std::string before = random_bytes(1000, 4);
    const std::string after = random_bytes(400000, 5);
    RollingChecksum at_once;
    RollingChecksum one_by_one;
    bool boundary = false;
    for (RollingChecksum* checksum : {&at_once, &one_by_one}) {
      for (const char c : before) checksum->roll_to_boundary(as_bytes({&c, 1}), boundary);
    }
    at_once.roll_zeros(count);
    const std::byte zero{0};
    for (std::uint64_t i = 0; i < count; ++i) one_by_one.roll_to_boundary({&zero, 1}, boundary);
    bool boundaries[2] = {};
    EXPECT_EQ(at_once.roll_to_boundary(as_bytes(after), boundaries[0]),
              one_by_one.roll_to_boundary(as_bytes(after), boundaries[1]));
    EXPECT_TRUE(boundaries[0] && boundaries[1]);
  }
}

}  // namespace
}  // namespace accel::formats::zstdchunked
