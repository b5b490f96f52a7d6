#include "accel/formats/shared_digests.hpp"

#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"

namespace accel::formats {
namespace {

hash::Digest sha(std::string_view text) { return hash::sha256(as_bytes(text)); }

TEST(SharedDigests, stream_is_hashed_once_whoever_comes_first) {
  SharedDigests shared;
  shared.stream(0, as_bytes("abcd"));
  shared.stream(0, as_bytes("ab"));  // the other encoder cuts its pieces elsewhere
  shared.stream(2, as_bytes("cd"));
  shared.stream(4, as_bytes("ef"));
  shared.stream(4, as_bytes("efgh"));
  EXPECT_EQ(shared.stream_after(8).finish(), sha("abcdefgh"));
  EXPECT_EQ(shared.stream_after(8).finish(), sha("abcdefgh")) << "each encoder gets a state of its own";
}

TEST(SharedDigests, encoders_out_of_step_are_found) {
  SharedDigests shared;
  shared.stream(0, as_bytes("ab"));
  EXPECT_THROW(shared.stream(3, as_bytes("d")), Error);
  EXPECT_THROW(static_cast<void>(shared.stream_after(1)), Error);
  EXPECT_THROW(shared.file_digest(0), Error);
}

TEST(SharedDigests, files_are_hashed_one_after_the_other) {
  SharedDigests shared;
  for (int encoder = 0; encoder < 2; ++encoder) shared.file(512, 0, as_bytes("ab"));
  for (int encoder = 0; encoder < 2; ++encoder) shared.file(512, 2, as_bytes("cd"));
  for (int encoder = 0; encoder < 2; ++encoder) EXPECT_EQ(shared.file_digest(512), sha("abcd"));
  shared.file(2048, 0, as_bytes("x"));
  EXPECT_EQ(shared.file_digest(2048), sha("x"));
}

TEST(SharedDigests, chunk_is_hashed_by_the_first_and_taken_by_the_others) {
  SharedDigests shared;
  for (int i = 0; i < 3; ++i) shared.join();
  const StreamSpan chunk{512, 4};
  EXPECT_TRUE(shared.claim(chunk));
  EXPECT_FALSE(shared.claim(chunk));
  shared.publish(chunk, sha("abcd"));
  EXPECT_FALSE(shared.claim(chunk));
  EXPECT_EQ(shared.take(chunk), sha("abcd"));
  EXPECT_EQ(shared.take(chunk), sha("abcd"));
  EXPECT_EQ(shared.take(chunk), std::nullopt) << "forgotten once all have it";
}

TEST(SharedDigests, chunk_that_is_not_ready_is_left_to_the_asker) {
  SharedDigests shared;
  shared.join();
  shared.join();
  const StreamSpan chunk{512, 4};
  EXPECT_TRUE(shared.claim(chunk));
  EXPECT_FALSE(shared.claim(chunk));
  EXPECT_EQ(shared.take(chunk), std::nullopt);
  EXPECT_NO_THROW(shared.publish(chunk, sha("abcd"))) << "comes too late";
}

TEST(SharedDigests, chunks_of_other_sizes_are_other_chunks) {
  SharedDigests shared;
  shared.join();
  shared.join();
  EXPECT_TRUE(shared.claim({512, 4}));
  EXPECT_TRUE(shared.claim({512, 8}));
}

TEST(SharedDigests, chunks_nobody_asks_for_are_forgotten) {
  SharedDigests shared;
  shared.join();
  shared.join();
  const StreamSpan first{0, 1};
  EXPECT_TRUE(shared.claim(first));
  shared.publish(first, sha("x"));
  for (std::uint64_t i = 1; i <= SharedDigests::kMaxChunks; ++i) EXPECT_TRUE(shared.claim({i, 1}));
  EXPECT_EQ(shared.take(first), std::nullopt);
  EXPECT_FALSE(shared.claim({SharedDigests::kMaxChunks, 1})) << "the latest are kept";
}

TEST(SharedDigests, single_encoder_hashes_everything) {
  SharedDigests shared;
  shared.join();
  EXPECT_TRUE(shared.claim({512, 4}));
  EXPECT_TRUE(shared.claim({512, 4}));
}

}  // namespace
}  // namespace accel::formats
