#include "accel/formats/unit_batch.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "formats/bracket_encoder.hpp"

namespace accel::formats {
namespace {

using testing::bracket_encoders;

Batch batch_of(const std::string& input, std::vector<std::size_t> cuts) {
  Batch batch;
  batch.input.append(as_bytes(input));
  batch.cuts = std::move(cuts);
  return batch;
}

void encode(Batch& batch, std::size_t min_unit_bytes = 0, bool shrink = false, const CancelToken& cancel = {}) {
  const auto encoders = bracket_encoders(shrink);
  MemoryBudget budget(1U << 20U);
  encode_batch(batch, *encoders, budget, min_unit_bytes, {}, cancel);
}

TEST(EncodeBatch, every_cut_begins_a_unit) {
  Batch batch = batch_of("aabbbc", {0, 2, 5});
  encode(batch);
  EXPECT_EQ(to_string(batch.output.view()), "[aa][bbb][c]");
  EXPECT_EQ(batch.unit_begins, (std::vector<std::size_t>{0, 2, 5}));
  EXPECT_EQ(batch.unit_offsets, (std::vector<std::uint64_t>{0, 4, 9, 12}));
  EXPECT_TRUE(batch.input.empty());
}

TEST(EncodeBatch, chunks_are_hashed_and_placed) {
  Batch batch = batch_of("aabbbc", {0, 2, 5});
  batch.chunks.resize(3);
  batch.chunks[0].begin = 0, batch.chunks[0].size = 1;
  batch.chunks[1].begin = 3, batch.chunks[1].size = 2, batch.chunks[1].hashed = false;
  batch.chunks[2].begin = 5, batch.chunks[2].size = 1;
  encode(batch);
  EXPECT_EQ(batch.chunks[0].digest, hash::sha256(as_bytes("a")));
  EXPECT_TRUE(batch.chunks[1].digest.empty());
  EXPECT_EQ(batch.chunks[2].digest, hash::sha256(as_bytes("c")));
  EXPECT_EQ(batch.chunks[0].unit, 0U);
  EXPECT_EQ(batch.chunks[1].unit, 1U);
  EXPECT_EQ(batch.chunks[2].unit, 2U);
}

TEST(EncodeBatch, units_grow_to_the_minimum) {
  // Each cut is 100 bytes, which shrink to 10.
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < 20; ++i) cuts.push_back(i * 100);
  Batch batch = batch_of(std::string(2000, 'x'), cuts);
  encode(batch, 45, true);
  ASSERT_GE(batch.unit_begins.size(), 3U);
  for (std::size_t i = 0; i + 1 < batch.unit_offsets.size(); ++i) {
    EXPECT_GE(batch.unit_offsets[i + 1] - batch.unit_offsets[i], 45U) << i;
    EXPECT_LE(batch.unit_offsets[i + 1] - batch.unit_offsets[i], 110U) << i;
  }
}

TEST(EncodeBatch, a_small_rest_joins_the_unit_before_it) {
  Batch batch = batch_of(std::string(1000, 'x') + std::string(100, 'y'), {0, 1000});
  encode(batch, 100, true);
  EXPECT_EQ(batch.unit_begins, (std::vector<std::size_t>{0}));
  EXPECT_EQ(batch.unit_offsets, (std::vector<std::uint64_t>{0, 110}));
}

TEST(EncodeBatch, a_batch_below_the_minimum_is_one_unit) {
  Batch batch = batch_of(std::string(500, 'x'), {0, 100, 200, 300, 400});
  encode(batch, 1000, true);
  EXPECT_EQ(batch.unit_begins, (std::vector<std::size_t>{0}));
}

TEST(EncodeBatch, shared_units_are_taken_from_who_made_them_and_stand_in_their_place) {
  SharedFrames frames;
  frames.join(3);
  frames.join(3);
  const FrameKey key{512, 0, 3, 3};
  static_cast<void>(frames.get(key, [] {
    Buffer made;
    made.append(as_bytes("<made elsewhere>"));
    return made;
  }));
  Batch batch = batch_of("aabbbcdd", {0, 2, 5, 6});
  batch.shared_units.push_back({1, key, {}, 0});
  batch.shared_units.push_back({3, {1024, 0, 2, 3}, {}, 0});
  batch.chunks.resize(2);
  batch.chunks[0].begin = 2, batch.chunks[0].size = 3;
  batch.chunks[1].begin = 5, batch.chunks[1].size = 1;
  MemoryBudget budget(1U << 20U);
  encode_batch(batch, *bracket_encoders(false), budget, 0, {nullptr, &frames}, {});
  EXPECT_EQ(to_string(batch.output.view()), "[aa][c]");
  place_shared_units(batch);
  EXPECT_EQ(batch.unit_offsets, (std::vector<std::uint64_t>{0, 4, 20, 23, 27}));
  EXPECT_EQ(batch.chunks[1].unit, 2U);
  io::MemorySink sink;
  write_units(batch, sink);
  EXPECT_EQ(to_string(sink.view()), "[aa]<made elsewhere>[c][dd]");
}

TEST(EncodeBatch, cancel_ends_it) {
  CancelSource source;
  source.cancel();
  Batch batch = batch_of("ab", {0, 1});
  EXPECT_THROW(encode(batch, 0, false, source.token()), Cancelled);
}

}  // namespace
}  // namespace accel::formats
