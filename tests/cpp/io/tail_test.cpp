#include "accel/io/tail.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"

namespace accel::io {
namespace {

/// Counts the reads that reach it.
class CountedSource final : public ByteSource {
 public:
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  void read_at(std::uint64_t offset, MutableByteView out) override {
    ++reads;
    bytes_.read_at(offset, out);
  }
  int reads = 0;

 private:
  MemorySource bytes_{as_bytes("0123456789")};
};

std::string read(ByteSource& source, std::uint64_t offset, std::size_t count) {
  Bytes bytes(count);
  source.read_at(offset, bytes);
  return to_string(bytes);
}

TEST(TailSource, reads_within_the_tail_reach_the_source_once) {
  const auto source = std::make_shared<CountedSource>();
  TailSource tail(source, 4);
  EXPECT_EQ(read(tail, 6, 4), "6789");
  EXPECT_EQ(read(tail, 8, 1), "8");
  EXPECT_EQ(read(tail, 10, 0), "");
  EXPECT_EQ(source->reads, 1);
  EXPECT_EQ(read(tail, 5, 3), "567");
  EXPECT_EQ(source->reads, 2);
}

TEST(TailSource, tail_larger_than_the_source_is_all_of_it) {
  TailSource tail(std::make_shared<CountedSource>(), 100);
  EXPECT_EQ(tail.size(), 10U);
  EXPECT_EQ(read(tail, 0, 10), "0123456789");
  EXPECT_THROW(read(tail, 9, 2), FormatError);
}

}  // namespace
}  // namespace accel::io
