#include "accel/cache/update.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/store/stores.hpp"
#include "cache/cache_builder.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<std::string> kNames = {"a", "b", "c", "d", "e"};

class CacheUpdateTest : public ::testing::Test {
 protected:
  static Change used(const oci::Platform& platform, const std::vector<std::string>& names,
                     const std::string& options = "nydus/1") {
    Change change;
    change.platforms.push_back({platform, {}});
    for (const std::string& name : names) change.platforms[0].records.push_back(make_record(name, options));
    return change;
  }
  std::optional<CacheImage> read() {
    return read_cache(*repository_, "cache", {.version = options_.version}, {}).image;
  }
  /// Applies the change and gives what the image then is.
  CacheImage apply(const Change& change) {
    const auto made = update(read(), change, options_);
    EXPECT_TRUE(made);
    if (made) put_update(*repository_, "cache", *made);
    CacheImage image = *read();
    if (made) {
      EXPECT_EQ(image.root.descriptor, made->root.descriptor);  // the tag is the descriptor that was returned
    }
    return image;
  }
  void put(const oci::Manifest& manifest) {
    put_document(*repository_, "cache", manifest.media_type, oci::to_json(manifest));
  }
  static std::vector<std::string> names(const CacheManifest& manifest) { return names_of(manifest.records, kNames); }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("cache");
  UpdateOptions options_{"v1", {}};
};

TEST_F(CacheUpdateTest, new_cache_of_one_platform_is_a_single_manifest) {
  const CacheImage image = apply(used(kAmd64, {"a", "b"}));
  EXPECT_EQ(image.root.descriptor.media_type, oci::kOciManifest);
  ASSERT_THAT(image.manifests, SizeIs(1));
  const CacheManifest& manifest = image.manifests[0];
  EXPECT_THAT(names(manifest), ElementsAre("a", "b"));
  EXPECT_EQ(manifest.platform, kAmd64);
  EXPECT_EQ(manifest.manifest.annotations.at(std::string(kVersionKey)), "v1");
  EXPECT_EQ(manifest.manifest.config, empty_config());
  EXPECT_EQ(manifest.manifest.layers[0].annotations.at(std::string(kSourceDigestKey)),
            digest_of("source a").to_string());
}

TEST_F(CacheUpdateTest, new_cache_of_two_platforms_is_an_index) {
  Change change = used(kAmd64, {"a"});
  change.platforms.push_back(used(kArm64, {"b"}).platforms[0]);
  const CacheImage image = apply(change);
  EXPECT_EQ(image.root.descriptor.media_type, oci::kOciIndex);
  ASSERT_THAT(image.manifests, SizeIs(2));
  EXPECT_EQ(image.index->manifests[1].platform, kArm64);
  EXPECT_THAT(names(image.manifests[1]), ElementsAre("b"));
}

TEST_F(CacheUpdateTest, existing_single_manifest_is_updated_without_becoming_an_index) {
  for (const std::string_view type : {oci::kOciManifest, oci::kDockerManifest}) {
    put(reference_manifest({"a", "b"}, "v1", type));
    apply(used(kAmd64, {"c"}));
    const CacheImage image = apply(used(kAmd64, {"d"}));
    EXPECT_EQ(image.root.descriptor.media_type, type);
    EXPECT_EQ(image.manifests[0].manifest.media_type, type);
    EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "b", "c", "d"));
  }
}

TEST_F(CacheUpdateTest, second_platform_makes_it_an_index_with_the_old_manifest_first) {
  const CacheImage before = apply(used(kAmd64, {"a"}));
  const CacheImage image = apply(used(kArm64, {"b"}));
  EXPECT_EQ(image.root.descriptor.media_type, oci::kOciIndex);
  ASSERT_THAT(image.manifests, SizeIs(2));
  EXPECT_EQ(image.index->manifests[0].digest, before.root.descriptor.digest);
  EXPECT_EQ(image.index->manifests[0].platform, kAmd64);
  EXPECT_EQ(image.index->manifests[1].platform, kArm64);
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a"));
}

TEST_F(CacheUpdateTest, index_stays_an_index_with_its_type_and_unknown_members) {
  for (const std::string_view type : {oci::kOciIndex, oci::kDockerManifestList}) {
    oci::Index index;
    index.media_type = type;
    index.unknown = {{"member", "[1]"}};
    oci::Manifest manifest = reference_manifest({"a"});
    manifest.unknown = {{"member", "[2]"}};
    index.manifests = {put_document(*repository_, "", oci::kOciManifest, oci::to_json(manifest)).descriptor};
    index.manifests[0].platform = kAmd64;
    put_document(*repository_, "cache", type, oci::to_json(index));
    const CacheImage image = apply(used(kAmd64, {"b"}));
    EXPECT_EQ(image.root.descriptor.media_type, type);
    ASSERT_THAT(image.manifests, SizeIs(1));  // one child, and an index all the same
    EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "b"));
    EXPECT_EQ(image.index->unknown, index.unknown);
    EXPECT_EQ(image.manifests[0].manifest.unknown, manifest.unknown);
  }
}

TEST_F(CacheUpdateTest, children_of_other_platforms_stay_as_they_are) {
  Change change = used(kAmd64, {"a"});
  change.platforms.push_back(used(kArm64, {"b"}).platforms[0]);
  const CacheImage before = apply(change);
  const auto read_one = read_cache(*repository_, "cache", {.version = "v1", .platforms = {kAmd64}}, {}).image;
  put_update(*repository_, "cache", *update(read_one, used(kAmd64, {"c"}), options_));
  const CacheImage image = *read();
  EXPECT_EQ(image.index->manifests[1], before.index->manifests[1]);
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "c"));
}

TEST_F(CacheUpdateTest, records_of_another_version_are_dropped) {
  put(reference_manifest({"a", "b"}, "v0"));
  const CacheImage image = apply(used(kAmd64, {"c"}));
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("c"));
  EXPECT_EQ(image.manifests[0].version, "v1");
}

TEST_F(CacheUpdateTest, child_that_cannot_be_read_is_replaced) {
  oci::Descriptor broken = put_document(*repository_, "", oci::kOciManifest, "{\"layers\":3}").descriptor;
  broken.platform = kAmd64;
  put_index(*repository_, "cache", {broken});
  const CacheImage image = apply(used(kAmd64, {"a"}));
  ASSERT_THAT(image.index->manifests, SizeIs(1));
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a"));
}

TEST_F(CacheUpdateTest, what_is_there_already_is_not_written_again) {
  apply(used(kAmd64, {"a", "b"}));
  EXPECT_FALSE(update(read(), used(kAmd64, {"b", "a"}), options_));
  EXPECT_FALSE(update(read(), Change{}, options_));
  EXPECT_FALSE(update(std::nullopt, Change{}, options_));
}

TEST_F(CacheUpdateTest, full_cache_loses_the_least_recently_used) {
  options_.capacity.records = 3;
  apply(used(kAmd64, {"a", "b"}));
  apply(used(kAmd64, {"c"}));
  apply(used(kAmd64, {"a"}));  // used again: older than c no more
  const CacheImage image = apply(used(kAmd64, {"d"}));
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "c", "d"));
}

TEST_F(CacheUpdateTest, each_set_of_options_has_its_own_record) {
  apply(used(kAmd64, {"a"}, "estargz/1 level=6"));
  const CacheImage image = apply(used(kAmd64, {"a"}, "estargz/1 level=9"));
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "a"));
}

TEST_F(CacheUpdateTest, reference_finds_one_record_a_layer_the_one_it_can_use) {
  apply(used(kAmd64, {"a", "b"}, "estargz/1"));
  const CacheImage image = apply(used(kAmd64, {"a"}, "nydus/1"));
  std::vector<std::string> found;
  for (const oci::Descriptor& layer : image.manifests[0].manifest.layers) {
    if (layer.annotations.contains(std::string(kSourceDigestKey))) found.push_back(layer.media_type);
  }
  EXPECT_THAT(found, ElementsAre(oci::kOciLayerGzip, kNydusBlob));  // b as eStargz, a as nydus
}

TEST_F(CacheUpdateTest, new_target_takes_the_place_of_the_old_one) {
  apply(used(kAmd64, {"a", "b"}));
  Change change = used(kAmd64, {"a"});
  change.platforms[0].records[0].target.digest = digest_of("better target");
  const CacheImage image = apply(change);
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "b"));
  EXPECT_EQ(image.manifests[0].records[0].target.digest, digest_of("better target"));
}

TEST_F(CacheUpdateTest, dead_targets_are_dropped_unless_they_were_made_again) {
  apply(used(kAmd64, {"a", "b", "c"}));
  Change change = used(kAmd64, {"a"});
  change.dead = {digest_of("target a"), digest_of("target b")};
  const CacheImage image = apply(change);
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "c"));
}

TEST_F(CacheUpdateTest, same_history_gives_the_same_bytes) {
  apply(used(kAmd64, {"a", "b"}));
  const CacheImage first = apply(used(kAmd64, {"b", "c"}));
  repository_ = store::make_memory_repository("other");
  apply(used(kAmd64, {"a", "b"}));
  EXPECT_EQ(apply(used(kAmd64, {"b", "c"})).root.bytes, first.root.bytes);
}

TEST_F(CacheUpdateTest, malformed_records_are_gone_after_an_update_and_the_others_are_not) {
  oci::Manifest manifest = reference_manifest({"a", "b"});
  manifest.layers[0].annotations[std::string(kSourceDigestKey)] = "x";
  put(manifest);
  EXPECT_THAT(names(apply(used(kAmd64, {"c"})).manifests[0]), ElementsAre("b", "c"));
}

}  // namespace
}  // namespace accel::cache
