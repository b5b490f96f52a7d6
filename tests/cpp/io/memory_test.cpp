#include "accel/io/memory.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "accel/base/error.hpp"
#include "accel/io/range.hpp"

namespace accel::io {
namespace {

TEST(MemoryTest, source_reads_any_range_inside_and_none_outside) {
  MemorySource source(as_bytes("0123456789"));
  EXPECT_EQ(source.size(), 10U);
  Bytes out(4);
  source.read_at(3, out);
  EXPECT_EQ(as_text(out), "3456");
  source.read_at(6, out);
  EXPECT_EQ(as_text(out), "6789");
  source.read_at(10, {});
  constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t offset : {std::uint64_t{7}, std::uint64_t{10}, std::uint64_t{11}, kHuge, kHuge - 3}) {
    EXPECT_THROW(source.read_at(offset, out), FormatError) << offset;
  }
}

TEST(MemoryTest, owned_bytes_outlive_their_origin) {
  MemorySource source(to_bytes(as_bytes("abc")));
  MemoryStream stream(to_bytes(as_bytes("abc")));
  Bytes out(3);
  source.read_at(0, out);
  EXPECT_EQ(as_text(out), "abc");
  EXPECT_EQ(read_full(stream, out), 3U);
  EXPECT_EQ(as_text(out), "abc");
}

TEST(MemoryTest, stream_ends_with_zero_and_stays_there) {
  MemoryStream stream(as_bytes("abcd"));
  Bytes out(3);
  EXPECT_EQ(stream.read({}), 0U);
  EXPECT_EQ(stream.read(out), 3U);
  EXPECT_EQ(as_text(stream.rest()), "d");
  EXPECT_EQ(stream.read(out), 1U);
  EXPECT_EQ(stream.read(out), 0U);
  EXPECT_EQ(stream.read(out), 0U);
}

TEST(MemoryTest, sink_collects_and_starts_anew_when_taken) {
  MemorySink sink;
  sink.write(as_bytes("ab"));
  sink.write({});
  sink.write(as_bytes("cd"));
  EXPECT_EQ(as_text(sink.view()), "abcd");
  EXPECT_EQ(as_text(sink.take().view()), "abcd");
  sink.write(as_bytes("e"));
  EXPECT_EQ(as_text(sink.view()), "e");
}

TEST(MemoryTest, read_all_takes_up_to_its_limit_and_refuses_one_byte_more) {
  const Bytes data(200'000, std::byte{7});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'536}, std::size_t{200'000}}) {
    MemoryStream exact{ByteView(data).first(size)};
    EXPECT_EQ(read_all(exact, size), Bytes(size, std::byte{7}));
    MemoryStream roomy{ByteView(data).first(size)};
    EXPECT_EQ(read_all(roomy, std::numeric_limits<std::size_t>::max()).size(), size);
    if (size == 0) continue;
    MemoryStream over{ByteView(data).first(size)};
    EXPECT_THROW(read_all(over, size - 1), FormatError);
  }
  MemoryStream over(data);
  EXPECT_THROW(read_all(over, 1000), FormatError);
  EXPECT_EQ(over.rest().size(), data.size() - 1001);
}

TEST(RangeTest, streams_and_sources_show_just_their_part) {
  MemorySource source(as_bytes("0123456789"));
  RangeStream stream(source, 2, 5);
  EXPECT_EQ(as_text(read_all(stream, 100)), "23456");
  RangeStream whole(source);
  EXPECT_EQ(as_text(read_all(whole, 100)), "0123456789");

  RangeSource part(source, 4, 3);
  EXPECT_EQ(part.size(), 3U);
  Bytes out(2);
  part.read_at(1, out);
  EXPECT_EQ(as_text(out), "56");
  EXPECT_THROW(part.read_at(2, out), FormatError);
  EXPECT_NO_THROW(RangeSource(source, 10, 0));
  EXPECT_THROW(RangeSource(source, 4, 7), FormatError);
  EXPECT_THROW(RangeStream(source, 11, 0), FormatError);
  EXPECT_THROW(RangeStream(source, 1, std::numeric_limits<std::uint64_t>::max()), FormatError);
}

TEST(RangeTest, errors_say_what_was_asked_for) {
  try {
    check_range(8, 4, 10, "layer");
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(), "read 4 bytes of layer, which has only 10 at offset 8");
    EXPECT_EQ(error.where().offset, 8U);
  }
}

}  // namespace
}  // namespace accel::io
