#include "accel/cache/cache_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "cache/cache_builder.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CacheImageTest : public ::testing::Test {
 protected:
  ReadResult read(std::vector<oci::Platform> platforms = {}, std::string version = "v1") {
    ReadOptions options{std::move(version), std::move(platforms), {}};
    if (store_) options.keep = [this](const oci::RawManifest& document) { store_->put_manifest(document, "", {}); };
    return read_cache(*repository_, "cache", options, {});
  }
  void put(const oci::Manifest& manifest) {
    put_document(*repository_, "cache", manifest.media_type, oci::to_json(manifest));
  }
  oci::Descriptor put_child(const oci::Manifest& manifest, const oci::Platform& platform) {
    oci::Descriptor child = put_document(*repository_, "", manifest.media_type, oci::to_json(manifest)).descriptor;
    child.platform = platform;
    return child;
  }
  void put_root(std::vector<oci::Descriptor> children, std::string_view media_type = oci::kOciIndex) {
    oci::Index index;
    index.media_type = media_type;
    index.manifests = std::move(children);
    put_document(*repository_, "cache", media_type, oci::to_json(index));
  }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("cache");
  std::shared_ptr<oci::Repository> store_;
};

TEST_F(CacheImageTest, absent_cache_is_no_cache) {
  const ReadResult result = read();
  EXPECT_FALSE(result.image);
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(CacheImageTest, single_manifest_of_oci_or_docker_is_imported) {
  for (const std::string_view type : {oci::kOciManifest, oci::kDockerManifest}) {
    put(reference_manifest({"a", "b"}, "v1", type));
    const ReadResult result = read({kArm64});  // the only candidate, whatever platform is wanted
    EXPECT_TRUE(result.image->is_cache);
    EXPECT_FALSE(result.image->index);
    ASSERT_THAT(result.image->manifests, SizeIs(1));
    EXPECT_THAT(names_of(result.image->manifests[0].records, {"a", "b"}), ElementsAre("a", "b"));
    EXPECT_EQ(result.image->manifests[0].records[0].target.digest, digest_of("target a"));
    EXPECT_THAT(result.warnings, IsEmpty());
  }
}

TEST_F(CacheImageTest, index_of_oci_or_docker_gives_the_wanted_platforms) {
  const std::vector<oci::Descriptor> children = {put_child(reference_manifest({"a"}), kAmd64),
                                                 put_child(reference_manifest({"b"}), kArm64)};
  for (const std::string_view type : {oci::kOciIndex, oci::kDockerManifestList}) {
    put_root(children, type);
    ASSERT_THAT(read().image->manifests, SizeIs(2));
    const ReadResult one = read({kArm64});
    ASSERT_THAT(one.image->manifests, SizeIs(1));
    EXPECT_THAT(names_of(one.image->manifests[0].records, {"a", "b"}), ElementsAre("b"));
    EXPECT_EQ(one.image->manifests[0].platform, kArm64);
  }
}

TEST_F(CacheImageTest, both_layouts_go_one_way_of_import) {
  const oci::Manifest manifest = reference_manifest({"a", "b"});
  put(manifest);
  const auto single = read().image->manifests[0].records;
  put_root({put_child(manifest, kAmd64)});
  EXPECT_EQ(read().image->manifests[0].records, single);
}

TEST_F(CacheImageTest, another_version_is_ignored_with_a_warning) {
  put(reference_manifest({"a"}, "v0"));
  const ReadResult result = read();
  EXPECT_THAT(result.image->manifests[0].records, IsEmpty());
  EXPECT_FALSE(result.image->manifests[0].is_current);
  EXPECT_TRUE(result.image->is_cache);
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("its cache version is 'v0', expected 'v1'")));
  EXPECT_THAT(read({}, "").image->manifests[0].records, SizeIs(1));
}

TEST_F(CacheImageTest, malformed_source_digest_is_skipped_with_a_warning) {
  oci::Manifest manifest = reference_manifest({"a", "b", "c", "d"});
  manifest.layers[1].annotations[std::string(kSourceDigestKey)] = "sha256:nonsense";
  manifest.layers[2].annotations.clear();
  put(manifest);
  const ReadResult result = read();
  EXPECT_THAT(names_of(result.image->manifests[0].records, {"a", "d"}), ElementsAre("a", "d"));
  EXPECT_THAT(result.warnings,
              ElementsAre(HasSubstr("record 1 is skipped: annotation containerd.io/snapshot/nydus-source-digest is no "
                                    "digest but 'sha256:nonsense'"),
                          HasSubstr("record 2 is skipped")));
}

TEST_F(CacheImageTest, a_thousand_bad_records_do_not_fill_the_screen) {
  oci::Manifest manifest = reference_manifest({"a"});
  for (int i = 0; i < 1000; ++i) manifest.layers.push_back(oci::describe(kNydusBlob, std::to_string(i)));
  put(manifest);
  const ReadResult result = read();
  EXPECT_THAT(result.image->manifests[0].records, SizeIs(1));
  EXPECT_THAT(result.warnings, SizeIs(21));
  EXPECT_THAT(result.warnings.back(), HasSubstr("980 more"));
}

TEST_F(CacheImageTest, unknown_root_media_type_is_an_error) {
  put_document(*repository_, "cache", "application/vnd.example+json", "{}");
  try {
    read();
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_EQ(error.message(), "unsupported cache image media type application/vnd.example+json");
  }
}

TEST_F(CacheImageTest, root_that_is_no_document_is_an_error) {
  put_document(*repository_, "cache", oci::kOciManifest, "[]");
  EXPECT_THROW(read(), FormatError);
}

TEST_F(CacheImageTest, one_bad_child_does_not_cost_the_others) {
  oci::Descriptor absent = oci::describe(oci::kOciManifest, "absent");
  absent.platform = oci::Platform::parse("linux/s390x");
  oci::Descriptor broken = put_document(*repository_, "", oci::kOciManifest, "{\"layers\":3}").descriptor;
  broken.platform = kArm64;
  put_root({absent, broken, put_child(reference_manifest({"a"}), kAmd64)});
  const ReadResult result = read();
  ASSERT_THAT(result.image->manifests, SizeIs(1));
  EXPECT_THAT(result.image->manifests[0].records, SizeIs(1));
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("does not have it"), HasSubstr("is ignored")));
}

TEST_F(CacheImageTest, an_ordinary_image_is_seen_to_be_none) {
  put_image(*repository_, "cache", "files");
  EXPECT_FALSE(read().image->is_cache);
  const oci::RawManifest image = put_image(*repository_, "", "more files");
  oci::Descriptor child = image.descriptor;
  child.platform = kAmd64;
  put_root({child});
  EXPECT_FALSE(read().image->is_cache);
  EXPECT_FALSE(read({kArm64}).image->is_cache);  // also when none of its platforms is wanted
}

TEST_F(CacheImageTest, documents_are_stored_locally) {
  store_ = store::make_memory_repository("local");
  const oci::Descriptor child = put_child(reference_manifest({"a"}), kAmd64);
  put_root({child});
  const ReadResult result = read();
  EXPECT_TRUE(store_->stat_manifest(child.digest.to_string(), {}));
  EXPECT_TRUE(store_->stat_manifest(result.image->root.descriptor.digest.to_string(), {}));
  put(reference_manifest({"b"}));
  EXPECT_TRUE(store_->stat_manifest(read().image->root.descriptor.digest.to_string(), {}));
}

TEST_F(CacheImageTest, document_that_cannot_be_stored_locally_is_a_warning) {
  put(reference_manifest({"a"}));
  ReadOptions options;
  options.keep = [](const oci::RawManifest&) { throw StoreError("write", "/store", 28); };
  const ReadResult result = read_cache(*repository_, "cache", options, {});
  EXPECT_THAT(result.image->manifests[0].records, SizeIs(1));
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("it is not kept locally: write /store")));
}

}  // namespace
}  // namespace accel::cache
