// Documents as the reference system writes them; see tests/golden/cache/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "accel/cache/update.hpp"
#include "accel/store/stores.hpp"
#include "cache/cache_builder.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(ACCEL_GOLDEN_DIR) + "/cache/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

class GoldenCacheTest : public ::testing::Test {
 protected:
  void put(const std::string& tag, std::string_view type, const std::string& name) {
    put_document(*repository_, tag, type, read_file(name));
  }
  void put_index() {
    put("", oci::kOciManifest, "manifest-amd64.json");
    put("", oci::kOciManifest, "manifest-arm64.json");
    put("cache", oci::kOciIndex, "index.json");
  }
  ReadResult read() { return read_cache(*repository_, "cache", {.version = "v1"}, {}); }
  static std::vector<std::string> names(const CacheManifest& manifest) {
    return names_of(manifest.records, {"a", "b", "c", "d"});
  }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("cache");
};

TEST_F(GoldenCacheTest, index_of_the_reference_is_read) {
  put_index();
  const ReadResult result = read();
  ASSERT_THAT(result.image->manifests, SizeIs(2));
  EXPECT_THAT(names(result.image->manifests[0]), ElementsAre("a", "b"));
  EXPECT_THAT(result.image->manifests[1].records, IsEmpty());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("is no digest but 'sha256:1'"), HasSubstr("'v0'")));
  const LayerRecord& record = result.image->manifests[0].records[0];
  EXPECT_FALSE(record.is_usable());
  EXPECT_EQ(record.target.annotations.at("containerd.io/uncompressed"), record.target.digest.to_string());
}

TEST_F(GoldenCacheTest, index_of_the_reference_is_updated_in_place) {
  put_index();
  const oci::Descriptor untouched = read().image->index->manifests[1];
  Change change;
  change.platforms = {{kAmd64, {make_record("d")}}};
  put_update(*repository_, "cache", *update(read().image, change, {"v1", {}}));
  const CacheImage image = *read().image;
  ASSERT_THAT(image.index->manifests, SizeIs(2));
  EXPECT_THAT(names(image.manifests[0]), ElementsAre("a", "b", "d"));
  EXPECT_EQ(image.index->manifests[0].platform->os_features, std::vector<std::string>{"nydus.remoteimage.v1"});
  EXPECT_EQ(image.index->manifests[1], untouched);
  // What the reference wrote it finds again as it was.
  EXPECT_EQ(image.manifests[0].manifest.layers[0], oci::parse_manifest(read_file("manifest-amd64.json")).layers[0]);
  for (const oci::Descriptor& layer : image.manifests[0].manifest.layers) {
    EXPECT_TRUE(layer.annotations.contains(std::string(kSourceDigestKey)));
  }
}

TEST_F(GoldenCacheTest, single_manifests_are_read_and_stay_single) {
  for (const auto& [type, name] :
       {std::pair{oci::kOciManifest, "manifest-amd64.json"}, {oci::kDockerManifest, "manifest-docker.json"}}) {
    put("cache", type, name);
    EXPECT_THAT(names(read().image->manifests[0]), ElementsAre("a", "b"));
    Change change;
    change.platforms = {{kArm64, {make_record("d")}}};
    put_update(*repository_, "cache", *update(read().image, change, {"v1", {}}));
    EXPECT_EQ(read().image->root.descriptor.media_type, type);
    EXPECT_THAT(names(read().image->manifests[0]), ElementsAre("a", "b", "d"));
  }
}

}  // namespace
}  // namespace accel::cache
