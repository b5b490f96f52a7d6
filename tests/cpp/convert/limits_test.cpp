#include "accel/convert/limits.hpp"

#include <gtest/gtest.h>

namespace accel::convert {
namespace {

constexpr std::size_t kMiB = 1U << 20U;

TEST(Limits, defaults_on_two_cores_are_the_documented_ones) {
  const Limits limits = plan_limits(2, 64 * kMiB, 8 * kMiB, 8, 1, 20);
  EXPECT_EQ(limits.layers, 3U);
  EXPECT_EQ(limits.encoder_bytes, 28 * kMiB);
}

TEST(Limits, uploads_and_encoders_stay_within_the_memory_for_any_number_of_targets) {
  for (std::size_t targets = 1; targets <= 4; ++targets) {
    for (const std::size_t jobs : {1U, 2U, 8U, 64U}) {
      const Limits limits = plan_limits(jobs, 64 * kMiB, 8 * kMiB, 100, targets, 200);
      EXPECT_GE(limits.layers, 1U);
      EXPECT_LE(limits.layers * targets * 8 * kMiB + limits.encoder_bytes, 64 * kMiB) << targets << " " << jobs;
    }
  }
}

TEST(Limits, no_more_layers_than_there_are) { EXPECT_EQ(plan_limits(8, 256 * kMiB, 8 * kMiB, 100, 1, 2).layers, 2U); }

TEST(Limits, a_layer_leaves_connections_for_its_uploads) {
  EXPECT_EQ(plan_limits(8, 1024 * kMiB, 8 * kMiB, 4, 1, 100).layers, 2U);
  EXPECT_EQ(plan_limits(8, 1024 * kMiB, 8 * kMiB, 1, 1, 100).layers, 1U);
}

TEST(Limits, tiny_memory_still_lets_one_layer_through) {
  const Limits limits = plan_limits(2, 0, 8 * kMiB, 8, 1, 5);
  EXPECT_EQ(limits.layers, 1U);
  EXPECT_GE(limits.encoder_bytes, 16 * kMiB);
}

TEST(Limits, images_without_layers_are_no_special_case) {
  EXPECT_EQ(plan_limits(2, 64 * kMiB, 8 * kMiB, 8, 1, 0).layers, 1U);
}

}  // namespace
}  // namespace accel::convert
