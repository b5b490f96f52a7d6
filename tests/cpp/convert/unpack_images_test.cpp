// Converted images turned back into ordinary ones, between repositories in memory.
#include "accel/convert/unpack_images.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "accel/base/error.hpp"
#include "convert/conversion_fixture.hpp"

namespace accel::convert {
namespace {

class UnpackImagesTest : public ConversionFixture {
 protected:
  /// Converts the image with tag `tag` to nydus.
  void pack(const std::string& tag, formats::OptionValues options = {}) { convert("nydus", tag, std::move(options)); }
  ConvertReport unpack(const std::string& tag = "out") {
    return unpack_images(unpacking_, {target_, tag, "target:" + tag, ""}, {plain_, "plain", "plain:plain", ""},
                         environment_);
  }
  void expect_plain(const std::string& source) {
    JobState job{{}, Reporter(*environment_.progress, source)};
    const CheckReport report = check_images({source_, source, source, ""}, {plain_, "plain", "plain", ""},
                                            unpacking_.platforms, environment_, job);
    EXPECT_TRUE(report.equal()) << report.differences.front().path << " " << report.differences.front().field;
  }

  std::shared_ptr<oci::Repository> plain_ = store::make_memory_repository("plain");
  UnpackRequest unpacking_;
};

TEST_F(UnpackImagesTest, layers_shared_by_platforms_are_made_once_and_attestations_name_the_new_manifests) {
  build_two_platforms(*source_, "v1");
  pack("v1");
  const ConvertReport report = unpack();
  expect_plain("v1");
  ASSERT_EQ(report.targets.size(), 1U);
  const TargetReport& made = report.targets.front();
  EXPECT_EQ(made.driver, "oci");
  EXPECT_TRUE(made.notes.empty());
  EXPECT_EQ(made.layers.size(), 4U);
  std::set<std::string> digests;
  for (const LayerReport& layer : made.layers) digests.insert(layer.target_digest);
  EXPECT_EQ(digests.size(), 3U);
  const oci::Index index = oci::parse_index(plain_->get_manifest("plain", {}).bytes);
  ASSERT_EQ(index.manifests.size(), 4U);
  EXPECT_EQ(index.manifests[2].annotations.at(std::string(oci::kReferenceDigestAnnotation)),
            index.manifests[0].digest.to_string());
}

TEST_F(UnpackImagesTest, config_and_annotations_are_the_source_s) {
  build_image(*source_, "v1", "linux/amd64",
              {build_layer(*source_, sample_tar(1)), build_layer(*source_, sample_tar(2))});
  request_.harbor_annotation = true;
  pack("v1", {{"with_referrer", "true"}});
  unpack();
  const oci::Manifest before = oci::parse_manifest(source_->get_manifest("v1", {}).bytes);
  const oci::Manifest after = oci::parse_manifest(plain_->get_manifest("plain", {}).bytes);
  EXPECT_EQ(after.annotations, before.annotations);
  EXPECT_FALSE(after.subject);
  ASSERT_EQ(after.layers.size(), 2U);
  EXPECT_TRUE(after.layers[0].annotations.empty());
  const oci::ImageConfig config = oci::parse_config(read_blob(*plain_, after.config));
  EXPECT_EQ(config.diff_ids.size(), 2U);
  EXPECT_EQ(config.history.size(), 2U);
  EXPECT_NE(config.document.find("unknown_member"), std::string::npos);
}

TEST_F(UnpackImagesTest, docker_images_become_oci_images) {
  build_image(*source_, "v1", "linux/amd64", {build_docker_layer(*source_, sample_tar(1))}, true);
  pack("v1");
  EXPECT_EQ(unpack().targets.front().media_type, oci::kOciManifest);
  expect_plain("v1");
}

TEST_F(UnpackImagesTest, ordinary_images_of_an_index_stay_as_they_are) {
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  pack("v1");
  const auto ordinary = build_image(*target_, "", "linux/arm64", {build_layer(*target_, sample_tar(3))});
  put_index(*target_, "mixed",
            {as_child(target_->get_manifest("out", {}), "linux/amd64"), as_child(ordinary, "linux/arm64")});
  unpack("mixed");
  const oci::Index index = oci::parse_index(plain_->get_manifest("plain", {}).bytes);
  EXPECT_EQ(index.manifests.at(1).digest, ordinary.descriptor.digest);
  const oci::Manifest unpacked =
      oci::parse_manifest(plain_->get_manifest(index.manifests[0].digest.to_string(), {}).bytes);
  EXPECT_EQ(unpacked.layers.size(), 1U);
}

TEST_F(UnpackImagesTest, output_does_not_depend_on_the_number_of_threads) {
  build_image(*source_, "v1", "linux/amd64",
              {build_layer(*source_, sample_tar(1, 5'000'000)), build_layer(*source_, sample_tar(2))});
  pack("v1");
  std::set<std::string> digests;
  for (const std::size_t jobs : {1U, 2U, 7U}) {
    environment_.jobs = jobs;
    digests.insert(unpack().targets.front().digest);
  }
  EXPECT_EQ(digests.size(), 1U);
}

TEST_F(UnpackImagesTest, images_of_tars_need_no_unpacking) {
  build_image(*target_, "tars", "linux/amd64", {build_layer(*target_, sample_tar(1))});
  EXPECT_THROW(unpack("tars"), ConfigError);
  EXPECT_THROW(plain_->get_manifest("plain", {}), NotFound);
}

TEST_F(UnpackImagesTest, a_cancelled_job_writes_no_tag) {
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  pack("v1");
  CancelSource cancel;
  cancel.cancel();
  environment_.cancel = cancel.token();
  EXPECT_THROW(unpack(), Cancelled);
  EXPECT_THROW(plain_->get_manifest("plain", {}), NotFound);
}

}  // namespace
}  // namespace accel::convert
