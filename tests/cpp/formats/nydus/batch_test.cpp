#include "accel/formats/nydus/batch.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace accel::formats::nydus {
namespace {

constexpr std::uint32_t kBatch = 0x1000;

TEST(BatchPlan, without_a_size_every_chunk_stands_alone) {
  BatchPlan plan(0);
  for (const std::uint32_t size : {1U, 100U, 1U << 20U}) {
    EXPECT_FALSE(plan.place(size, true).batched());
    EXPECT_FALSE(plan.open());
  }
}

TEST(BatchPlan, small_whole_files_follow_each_other) {
  BatchPlan plan(kBatch);
  const BatchPlan::Place first = plan.place(100, true);
  EXPECT_EQ(first.batch, 0U);
  EXPECT_EQ(first.offset, 0U);
  EXPECT_FALSE(first.joins());
  EXPECT_TRUE(plan.open());
  const BatchPlan::Place second = plan.place(5, true);
  EXPECT_EQ(second.batch, 0U);
  EXPECT_EQ(second.offset, 100U);
  EXPECT_TRUE(second.joins());
}

TEST(BatchPlan, half_a_batch_is_not_small) {
  BatchPlan plan(kBatch);
  EXPECT_FALSE(plan.place(kBatch / 2, true).batched());
  EXPECT_TRUE(plan.place(kBatch / 2 - 1, true).batched());
}

TEST(BatchPlan, a_batch_stays_below_its_size) {
  BatchPlan plan(kBatch);
  plan.place(2047, true);
  EXPECT_TRUE(plan.place(2047, true).joins());  // 4094
  EXPECT_TRUE(plan.place(1, true).joins());     // 4095
  const BatchPlan::Place next = plan.place(1, true);
  EXPECT_FALSE(next.joins());
  EXPECT_EQ(next.batch, 1U);
  EXPECT_EQ(next.offset, 0U);
}

TEST(BatchPlan, any_other_chunk_ends_the_batch) {
  BatchPlan plan(kBatch);
  plan.place(10, true);
  EXPECT_FALSE(plan.place(10, false).batched());  // the last chunk of a large file
  EXPECT_FALSE(plan.open());
  EXPECT_EQ(plan.place(10, true).batch, 1U);
  EXPECT_FALSE(plan.place(4000, true).batched());
  EXPECT_EQ(plan.place(10, true).batch, 2U);
}

}  // namespace
}  // namespace accel::formats::nydus
