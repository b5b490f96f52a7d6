#include "accel/formats/shared_frames.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"

namespace accel::formats {
namespace {

constexpr int kLevel = 3;

FrameKey key_at(std::uint64_t entry, int level = kLevel) { return {entry, 0, 100, level}; }

Buffer buffer(std::size_t size, char fill = 'x') {
  Buffer made;
  made.append(as_bytes(std::string(size, fill)));
  return made;
}

/// What `frame` holds.
std::string text(const SharedFrame& frame) {
  const ByteView view = frame.get()->view();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

/// Frames with that many encoders, counting how often one compresses.
struct Shared {
  explicit Shared(int members) {
    for (int i = 0; i < members; ++i) frames.join(kLevel);
  }
  SharedFrame get(const FrameKey& key, std::size_t size = 4) {
    return frames.get(key, [&, size] {
      ++made;
      return buffer(size);
    });
  }
  SharedFrames frames;
  std::atomic<int> made = 0;
};

TEST(SharedFrames, has_several_only_with_two_of_one_level) {
  SharedFrames frames;
  EXPECT_FALSE(frames.has_several(3));
  frames.join(3);
  frames.join(1);
  EXPECT_FALSE(frames.has_several(3));
  frames.join(3);
  EXPECT_TRUE(frames.has_several(3));
  EXPECT_FALSE(frames.has_several(1));
}

TEST(SharedFrames, frame_is_made_once_for_all_and_then_forgotten) {
  Shared shared(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text(shared.get(key_at(512))), "xxxx");
  EXPECT_EQ(shared.made, 1);
  EXPECT_EQ(text(shared.get(key_at(512))), "xxxx");
  EXPECT_EQ(shared.made, 2) << "all had it, so this one is of another pass";
}

TEST(SharedFrames, keys_differ_in_every_part) {
  Shared shared(2);
  shared.frames.join(4);
  shared.frames.join(4);
  const std::vector<FrameKey> keys = {{1, 2, 3, 3}, {9, 2, 3, 3}, {1, 9, 3, 3}, {1, 2, 9, 3}, {1, 2, 3, 4}};
  for (const FrameKey& key : keys) EXPECT_EQ(text(shared.get(key)), "xxxx");
  EXPECT_EQ(shared.made, 5);
}

TEST(SharedFrames, passing_counts_as_having_asked) {
  Shared shared(2);
  shared.frames.pass(key_at(512));
  EXPECT_EQ(text(shared.get(key_at(512))), "xxxx");
  EXPECT_EQ(text(shared.get(key_at(512))), "xxxx");
  EXPECT_EQ(shared.made, 2) << "nobody was to come after the first";
  Shared other(3);
  EXPECT_EQ(text(other.get(key_at(512))), "xxxx");
  other.frames.pass(key_at(512));
  EXPECT_EQ(text(other.get(key_at(512))), "xxxx");
  EXPECT_EQ(other.made, 1);
}

TEST(SharedFrames, failure_reaches_everybody) {
  Shared shared(2);
  const SharedFrame first = shared.frames.get(key_at(512), []() -> Buffer { throw Error("no memory"); });
  const SharedFrame second = shared.get(key_at(512));
  EXPECT_THROW(first.get(), Error);
  EXPECT_THROW(second.get(), Error);
  EXPECT_EQ(shared.made, 0);
}

TEST(SharedFrames, frames_nobody_takes_make_room) {
  Shared shared(2);
  constexpr std::size_t kSize = SharedFrames::kMaxBytes / 4;
  for (std::uint64_t entry = 0; entry < 6; ++entry) static_cast<void>(shared.get(key_at(entry), kSize));
  EXPECT_EQ(shared.made, 6);
  for (std::uint64_t entry = 2; entry < 6; ++entry) static_cast<void>(shared.get(key_at(entry), kSize));
  EXPECT_EQ(shared.made, 6) << "the latest were kept";
  EXPECT_EQ(text(shared.get(key_at(0), 4)), "xxxx") << "an old one is made again";
  EXPECT_EQ(shared.made, 7);
}

TEST(SharedFrames, number_of_frames_is_bounded) {
  Shared shared(2);
  constexpr std::uint64_t kCount = SharedFrames::kMaxFrames + 10;
  for (std::uint64_t entry = 0; entry < kCount; ++entry) shared.frames.pass(key_at(entry));
  static_cast<void>(shared.get(key_at(kCount - 1)));  // remembered, so this one makes room
  EXPECT_EQ(shared.made, 1);
  for (int i = 0; i < 2; ++i) static_cast<void>(shared.get(key_at(5)));
  EXPECT_EQ(shared.made, 2) << "forgotten that one passed: made for two again";
}

TEST(SharedFrames, encoders_on_several_threads_get_the_same_bytes) {
  Shared shared(4);
  std::vector<std::thread> threads;
  std::vector<std::vector<SharedFrame>> taken(4);
  for (std::vector<SharedFrame>& mine : taken) {
    threads.emplace_back([&shared, &mine] {
      for (std::uint64_t entry = 0; entry < 200; ++entry) mine.push_back(shared.get(key_at(entry), entry + 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t entry = 0; entry < 200; ++entry) {
    for (const auto& mine : taken) EXPECT_EQ(mine[entry].get()->size(), entry + 1);
  }
  EXPECT_EQ(shared.made, 200);
}

TEST(SharedFrames, made_frame_leaves_the_scratch_as_it_was) {
  const auto encoder = codec::make_zstd_encoder(kLevel);
  Buffer scratch = buffer(10);
  const Buffer frame = make_frame(as_bytes("content"), *encoder, scratch);
  EXPECT_EQ(scratch.size(), 10U);
  Bytes plain(7);
  codec::decode_unit(codec::Compression::zstd, frame.view(), plain);
  EXPECT_EQ(to_bytes(as_bytes("content")), plain);
}

}  // namespace
}  // namespace accel::formats
