#include "accel/cache/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/oci/json.hpp"
#include "cache/cache_builder.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;

std::vector<std::string> after_eviction(std::vector<LayerRecord> records, std::size_t capacity) {
  evict(records, {.records = capacity});
  return names_of(records, {"a", "b", "c", "d"});
}

TEST(CachePolicy, least_recently_used_go_and_the_rest_keeps_its_order) {
  const std::vector<LayerRecord> records = {make_record("a", "nydus/1", 3), make_record("b", "nydus/1", 1),
                                            make_record("c", "nydus/1", 4), make_record("d", "nydus/1", 2)};
  EXPECT_THAT(after_eviction(records, 4), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(after_eviction(records, 3), ElementsAre("a", "c", "d"));
  EXPECT_THAT(after_eviction(records, 2), ElementsAre("a", "c"));
  EXPECT_THAT(after_eviction(records, 0), ElementsAre());
}

TEST(CachePolicy, of_those_used_together_the_lower_layers_stay) {
  const std::vector<LayerRecord> records = {make_record("a", "nydus/1", 5), make_record("b", "nydus/1", 5),
                                            make_record("c", "nydus/1", 5)};
  EXPECT_THAT(after_eviction(records, 2), ElementsAre("a", "b"));
}

TEST(CachePolicy, of_those_never_used_the_oldest_go) {
  const std::vector<LayerRecord> records = {make_record("a"), make_record("b"), make_record("c", "nydus/1", 1)};
  EXPECT_THAT(after_eviction(records, 2), ElementsAre("b", "c"));
}

TEST(CachePolicy, manifest_stays_below_the_size_that_registries_take) {
  std::vector<LayerRecord> records;
  for (int i = 0; i < 50; ++i) records.push_back(make_record(std::to_string(i), "nydus/1", 1));
  const std::size_t one = oci::to_json(to_descriptor(records.front(), true)).size() + 1;
  evict(records, {.records = 1000, .bytes = 10 * one + 5});
  EXPECT_GE(records.size(), 9U);
  EXPECT_LE(records.size(), 10U);
}

TEST(CachePolicy, use_is_noted_when_a_quarter_of_the_capacity_came_after_it) {
  EXPECT_FALSE(is_use_due(make_record("a", "nydus/1", 10), 10, 200));
  EXPECT_FALSE(is_use_due(make_record("a", "nydus/1", 10), 59, 200));
  EXPECT_TRUE(is_use_due(make_record("a", "nydus/1", 10), 60, 200));
  EXPECT_TRUE(is_use_due(make_record("a", "nydus/1", 10), 11, 2));
  EXPECT_FALSE(is_use_due(make_record("a", "nydus/1", 10), 10, 1));
  EXPECT_FALSE(is_use_due(make_record("a", "nydus/1", 20), 10, 200));
}

}  // namespace
}  // namespace accel::cache
