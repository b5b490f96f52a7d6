#include "accel/convert/copier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "convert/image_builder.hpp"
#include "support/faulty_repository.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class CopierTest : public ::testing::Test {
 protected:
  CopyReport copy(const std::string& from, const std::string& to) {
    return copy_image(request_, {source_, from, "source:" + from, ""}, {target_, to, "target:" + to, ""}, environment_);
  }
  /// True when every document and blob below `digest` is in the target.
  void expect_complete(const std::string& digest) {
    const oci::RawManifest raw = target_->get_manifest(digest, {});
    EXPECT_EQ(raw.bytes, source_->get_manifest(digest, {}).bytes);
    if (oci::is_index(raw.descriptor.media_type)) {
      for (const auto& child : oci::parse_index(raw.bytes).manifests) expect_complete(child.digest.to_string());
      return;
    }
    const oci::Manifest manifest = oci::parse_manifest(raw.bytes);
    EXPECT_TRUE(target_->has_blob(manifest.config, {}));
    for (const oci::Descriptor& layer : manifest.layers) EXPECT_TRUE(target_->has_blob(layer, {}));
  }

  std::shared_ptr<oci::Repository> source_ = store::make_memory_repository("source");
  TempDirectory directory_;
  std::shared_ptr<oci::Repository> layout_ =
      store::open_oci_layout((directory_ / "layout").string(), store::OpenMode::write);
  std::shared_ptr<oci::Repository> target_ = layout_;
  Environment environment_;
  CopyRequest request_;
};

TEST_F(CopierTest, index_is_copied_with_all_children_byte_for_byte) {
  const auto raw = build_two_platforms(*source_, "v1");
  const CopyReport report = copy("v1", "v2");
  EXPECT_EQ(report.digest, raw.descriptor.digest.to_string());
  EXPECT_EQ(report.media_type, oci::kOciIndex);
  EXPECT_EQ(target_->get_manifest("v2", {}).bytes, raw.bytes);
  expect_complete(report.digest);
  EXPECT_EQ(report.blobs_copied, 3U + 2U + 1U + 2U) << "layers, configs, attestation config and statements";
  EXPECT_EQ(report.bytes_read, report.bytes_uploaded);
}

TEST_F(CopierTest, second_copy_sends_no_blob) {
  build_two_platforms(*source_, "v1");
  copy("v1", "v2");
  const CopyReport report = copy("v1", "v3");
  EXPECT_EQ(report.blobs_copied, 0U);
  EXPECT_EQ(report.blobs_existing, 8U);
  EXPECT_EQ(report.bytes_uploaded, 0U);
}

TEST_F(CopierTest, one_wanted_platform_is_copied_as_its_manifest) {
  build_two_platforms(*source_, "v1");
  request_.all_platforms = false;
  request_.platforms = {oci::Platform::parse("linux/arm64")};
  const CopyReport report = copy("v1", "v2");
  const oci::Index index = oci::parse_index(source_->get_manifest("v1", {}).bytes);
  EXPECT_EQ(report.digest, index.manifests[1].digest.to_string());
  expect_complete(report.digest);
  EXPECT_THROW(target_->get_manifest(index.manifests[0].digest.to_string(), {}), NotFound);
}

TEST_F(CopierTest, several_wanted_platforms_are_copied_as_an_index_of_these) {
  std::vector<oci::Descriptor> children;
  for (const char* platform : {"linux/amd64", "linux/arm64", "linux/s390x"}) {
    children.push_back(as_child(build_image(*source_, "", platform, {}), platform));
  }
  put_index(*source_, "v1", children);
  request_.all_platforms = false;
  request_.platforms = {oci::Platform::parse("linux/amd64"), oci::Platform::parse("linux/s390x")};
  copy("v1", "v2");
  const oci::Index index = oci::parse_index(target_->get_manifest("v2", {}).bytes);
  ASSERT_THAT(index.manifests, SizeIs(2));
  EXPECT_EQ(index.manifests[1], children[2]);
}

TEST_F(CopierTest, referrers_and_their_referrers_come_along_when_wanted) {
  const auto image = build_image(*source_, "v1", "linux/amd64", {});
  const auto signature = put_referrer(*source_, "", image.descriptor);
  const auto attestation = put_referrer(*source_, "", signature.descriptor);
  copy("v1", "plain");
  EXPECT_THAT(target_->list_referrers(image.descriptor.digest, {}), SizeIs(0));
  request_.referrers = true;
  copy("v1", "v2");
  ASSERT_THAT(target_->list_referrers(image.descriptor.digest, {}), SizeIs(1));
  EXPECT_THAT(target_->list_referrers(signature.descriptor.digest, {}), SizeIs(1));
  expect_complete(attestation.descriptor.digest.to_string());
}

TEST_F(CopierTest, foreign_layer_that_is_only_a_url_stays_one) {
  BuiltLayer foreign = build_layer(*source_, sample_tar(1));
  foreign.descriptor.media_type = oci::kOciForeignLayerGzip;
  foreign.descriptor.digest = hash::sha256(as_bytes("elsewhere"));
  foreign.descriptor.urls = {"https://example.invalid/layer"};
  build_image(*source_, "v1", "linux/amd64", {foreign, build_layer(*source_, sample_tar(2))});
  EXPECT_EQ(copy("v1", "v2").blobs_copied, 2U);
  EXPECT_FALSE(target_->has_blob(foreign.descriptor, {}));
}

TEST_F(CopierTest, artifact_is_copied_too) {
  const auto image = build_image(*source_, "", "linux/amd64", {});
  put_referrer(*source_, "artifact", image.descriptor);
  expect_complete(copy("artifact", "v2").digest);
}

TEST_F(CopierTest, archive_is_complete_when_copy_returns) {
  const auto raw = build_two_platforms(*source_, "v1");
  const std::string file = (directory_ / "image.tar").string();
  target_ = store::open_oci_archive(file, store::OpenMode::write);
  copy("v1", "v2");
  target_ = store::open_oci_archive(file, store::OpenMode::read);
  EXPECT_EQ(target_->get_manifest("v2", {}).descriptor.digest, raw.descriptor.digest);
  expect_complete(raw.descriptor.digest.to_string());
}

TEST_F(CopierTest, failure_at_any_call_leaves_the_tag_untouched) {
  build_image(*layout_, "v2", "linux/amd64", {});
  const std::string before = layout_->get_manifest("v2", {}).bytes;
  build_two_platforms(*source_, "v1");
  for (std::size_t call = 0;; ++call) {
    const auto fail = std::make_shared<FailAt>(call);
    target_ = std::make_shared<ObservedRepository>(layout_, [fail](const std::string& name) { (*fail)(name); });
    try {
      copy("v1", "v2");
      break;
    } catch (const Unreachable&) {
    }
    // `finish` comes after the tag and does nothing in a layout.
    if (layout_->get_manifest("v2", {}).bytes != before) break;
    ASSERT_LT(call, 1000U);
  }
  target_ = layout_;
  expect_complete(layout_->get_manifest("v2", {}).descriptor.digest.to_string());
}

TEST_F(CopierTest, missing_image_is_not_found) { EXPECT_THROW(copy("nothing", "v2"), NotFound); }

TEST_F(CopierTest, cancelled_copy_says_so) {
  build_two_platforms(*source_, "v1");
  CancelSource cancel;
  cancel.cancel();
  environment_.cancel = cancel.token();
  EXPECT_THROW(copy("v1", "v2"), Cancelled);
  EXPECT_THROW(layout_->get_manifest("v2", {}), NotFound);
}

}  // namespace
}  // namespace accel::convert
