// The header-only stages: tee, counting, hashing.
#include <gtest/gtest.h>

#include <vector>

#include "accel/base/error.hpp"
#include "accel/io/counting.hpp"
#include "accel/io/hashing.hpp"
#include "accel/io/memory.hpp"
#include "accel/io/tee.hpp"

namespace accel::io {
namespace {

TEST(StagesTest, tee_gives_the_same_bytes_to_both_sides) {
  MemorySink first;
  MemorySink second;
  TeeSink sink(first, second);
  sink.write(as_bytes("ab"));
  sink.write(as_bytes("c"));
  EXPECT_EQ(as_text(first.view()), "abc");
  EXPECT_EQ(as_text(second.view()), "abc");

  MemoryStream inner(as_bytes("0123456789"));
  MemorySink copy;
  TeeStream stream(inner, copy);
  Bytes out(4);
  EXPECT_EQ(stream.read(out), 4U);
  EXPECT_EQ(as_text(copy.view()), "0123");
  EXPECT_EQ(as_text(read_all(stream, 100)), "456789");
  EXPECT_EQ(as_text(copy.view()), "0123456789");
}

TEST(StagesTest, counting_reports_each_piece_once) {
  std::vector<std::uint64_t> reports;
  MemoryStream inner(as_bytes("0123456789"));
  CountingStream stream(inner, [&](std::uint64_t total) { reports.push_back(total); });
  Bytes out(4);
  while (stream.read(out) > 0) continue;
  EXPECT_EQ(stream.count(), 10U);
  EXPECT_EQ(reports, (std::vector<std::uint64_t>{4, 8, 10}));

  MemorySink target;
  CountingSink sink(target);
  sink.write(as_bytes("abc"));
  sink.write({});
  EXPECT_EQ(sink.count(), 3U);
  EXPECT_EQ(as_text(target.view()), "abc");
}

TEST(StagesTest, bytes_a_failing_sink_refused_are_not_counted) {
  class Full final : public ByteSink {
   public:
    void write(ByteView) override { throw StoreError("write", "disk", 28); }
  } full;
  CountingSink counting(full);
  EXPECT_THROW(counting.write(as_bytes("abc")), StoreError);
  EXPECT_EQ(counting.count(), 0U);
  HashingSink hashing(full);
  EXPECT_THROW(hashing.write(as_bytes("abc")), StoreError);
  EXPECT_EQ(hashing.count(), 0U);
}

TEST(StagesTest, hashing_sees_what_passes) {
  MemoryStream inner(as_bytes("0123456789"));
  HashingStream stream(inner);
  Bytes out(3);
  while (stream.read(out) > 0) continue;
  EXPECT_EQ(stream.count(), 10U);
  EXPECT_EQ(stream.finish(), hash::sha256(as_bytes("0123456789")));

  MemorySink target;
  HashingSink sink(target);
  sink.write(as_bytes("01234"));
  sink.write(as_bytes("56789"));
  EXPECT_EQ(sink.count(), 10U);
  EXPECT_EQ(sink.finish(), hash::sha256(target.view()));
}

}  // namespace
}  // namespace accel::io
