#include "accel/formats/nydus/rafs/v6_allocator.hpp"

#include <gtest/gtest.h>

namespace accel::formats::nydus::v6 {
namespace {

constexpr std::size_t kHead = kInodeSize;

void expect_place(const Allocator::Place& place, std::uint64_t inode, std::uint64_t data, bool inline_tail) {
  EXPECT_EQ(place.inode, inode);
  EXPECT_EQ(place.data, data);
  EXPECT_EQ(place.inline_tail, inline_tail);
}

TEST(Allocator, gives_the_values_of_the_specification) {  // rafs-v6.md 6.4, "Small check values"
  Allocator allocator;
  expect_place(allocator.content(kHead, 58), 4096, 4218, true);
  EXPECT_EQ(allocator.end(), 4224U);
  expect_place(allocator.content(kHead, 13), 4224, 4301, true);
  EXPECT_EQ(allocator.end(), 4320U);
  expect_place(allocator.content(kHead, 4032), 8192, 12288, true);
  EXPECT_EQ(allocator.end(), 12288U);
  expect_place(allocator.content(kHead, 4033), 4320, 12288, false);
  EXPECT_EQ(allocator.end(), 16384U);
  expect_place(allocator.content(kHead, 8160), 4384, 16384, false);
  EXPECT_EQ(allocator.end(), 24576U);
  EXPECT_EQ(allocator.file(kHead, 1), 4448U);
  EXPECT_EQ(allocator.end(), 24576U);
}

TEST(Allocator, puts_full_blocks_behind_an_inode_with_an_inline_tail) {
  Allocator allocator;
  expect_place(allocator.content(kHead, 4096 + 100), 4096, 8192, true);
  EXPECT_EQ(allocator.end(), 12288U);
  // What was left behind the inode is used again: 164 bytes are 6 units of 32, rounded up.
  EXPECT_EQ(allocator.file(kHead, 0), 4096U + 192U);
}

TEST(Allocator, a_directory_of_exactly_one_block_has_no_tail) {
  Allocator allocator;
  expect_place(allocator.content(kHead, 4096), 4096, 8192, false);
  EXPECT_EQ(allocator.end(), 12288U);
}

TEST(Allocator, large_files_do_not_use_gaps_and_may_cross_blocks) {
  Allocator allocator;
  allocator.content(kHead, 4096);
  EXPECT_EQ(allocator.file(kHead, 504), 12288U);        // 4096 bytes: no gap is that large
  EXPECT_EQ(allocator.file(kHead + 12, 1000), 16384U);  // chunk indexes begin at a multiple of 8
  EXPECT_EQ(allocator.end(), (16384U + 80 + 8000 + 31) / 32 * 32);
}

TEST(Allocator, devices_never_use_gaps) {
  Allocator allocator;
  allocator.content(kHead, 4096);
  EXPECT_EQ(allocator.special(kHead), 12288U);
  EXPECT_EQ(allocator.special(kHead + 16), 12352U);
  EXPECT_EQ(allocator.end(), 12448U);
}

TEST(Allocator, attributes_that_fill_a_block_leave_no_room_for_a_tail) {
  Allocator allocator;
  expect_place(allocator.content(kHead + 4000, 33), 4096, 8192, false);
  EXPECT_EQ(allocator.end(), 12288U);
}

}  // namespace
}  // namespace accel::formats::nydus::v6
