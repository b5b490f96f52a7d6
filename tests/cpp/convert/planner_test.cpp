#include "accel/convert/planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "convert/fake_format.hpp"
#include "convert/image_builder.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PlannerTest : public ::testing::Test {
 protected:
  Plan plan(const std::string& tag, std::vector<FakeBehaviour> targets = {{}}) {
    std::vector<std::shared_ptr<const formats::Format>> formats;
    request_.targets.clear();
    for (FakeBehaviour& behaviour : targets) {
      formats.push_back(std::make_shared<FakeFormat>(std::move(behaviour)));
      request_.targets.push_back({"fake", {}, "oci:x:" + std::to_string(formats.size())});
    }
    return make_plan(read_image(*repository_, tag, {}, {}), request_, formats, *repository_, {});
  }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("memory");
  ConvertRequest request_;
};

TEST_F(PlannerTest, layer_shared_by_platforms_is_planned_once) {
  const BuiltLayer shared = build_layer(*repository_, sample_tar(1));
  const BuiltLayer other = build_layer(*repository_, sample_tar(2));
  const auto amd64 = build_image(*repository_, "", "linux/amd64", {shared, other, shared});
  const auto arm64 = build_image(*repository_, "", "linux/arm64", {shared});
  put_index(*repository_, "v1", {as_child(amd64, "linux/amd64"), as_child(arm64, "linux/arm64")});
  const Plan planned = plan("v1");
  ASSERT_THAT(planned.layers, SizeIs(2));
  EXPECT_EQ(planned.layers[0].platforms, "linux/amd64, linux/arm64");
  EXPECT_EQ(planned.layers[1].platforms, "linux/amd64");
  EXPECT_EQ(planned.find(other.descriptor), 1U);
}

TEST_F(PlannerTest, layer_of_the_format_is_kept_by_the_targets_of_that_format) {
  BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  layer.descriptor.annotations["fake.size"] = "1";
  build_image(*repository_, "v1", "linux/amd64", {layer, build_layer(*repository_, sample_tar(2))});
  const Plan planned = plan("v1");
  EXPECT_THAT(planned.layers[0].actions, ElementsAre(LayerAction::keep));
  EXPECT_THAT(planned.layers[1].actions, ElementsAre(LayerAction::convert));
}

TEST_F(PlannerTest, unknown_layer_type_is_refused_with_platform_layer_and_type) {
  BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  layer.descriptor.media_type = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
  build_image(*repository_, "v1", "linux/amd64", {layer});
  try {
    plan("v1");
    FAIL() << "nothing was thrown";
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("linux/amd64: layer " + layer.descriptor.digest.short_string()));
    EXPECT_THAT(error.what(), HasSubstr("'application/vnd.oci.image.layer.v1.tar+gzip+encrypted'"));
  }
}

TEST_F(PlannerTest, what_a_format_cannot_convert_is_refused_before_any_work) {
  build_image(*repository_, "v1", "linux/amd64", {build_layer(*repository_, sample_tar(1), codec::Compression::zstd)});
  FakeBehaviour refusing;
  refusing.refuses_zstd = true;
  EXPECT_THROW(plan("v1", {refusing}), UnsupportedError);
}

TEST_F(PlannerTest, one_layer_with_two_diff_ids_is_refused) {
  const BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  BuiltLayer liar = layer;
  liar.diff_id = hash::sha256(as_bytes("x"));
  build_image(*repository_, "v1", "linux/amd64", {layer, liar});
  EXPECT_THROW(plan("v1"), FormatError);
}

TEST_F(PlannerTest, docker_images_become_oci_where_a_target_needs_it_with_a_note) {
  build_image(*repository_, "v1", "linux/amd64", {build_docker_layer(*repository_, sample_tar(1))}, true);
  FakeBehaviour docker;
  docker.needs_oci = false;
  const Plan planned = plan("v1", {FakeBehaviour{}, docker});
  EXPECT_TRUE(planned.targets[0].to_oci);
  ASSERT_THAT(planned.targets[0].notes, SizeIs(1));
  EXPECT_THAT(planned.targets[0].notes[0], HasSubstr("docker2oci is implied"));
  EXPECT_FALSE(planned.targets[1].to_oci);
  EXPECT_THAT(planned.targets[1].notes, SizeIs(0));
}

TEST_F(PlannerTest, what_was_asked_for_needs_no_note) {
  build_image(*repository_, "v1", "linux/amd64", {build_docker_layer(*repository_, sample_tar(1))}, true);
  request_.docker_to_oci = true;
  const Plan planned = plan("v1");
  EXPECT_TRUE(planned.targets[0].to_oci);
  EXPECT_THAT(planned.targets[0].notes, SizeIs(0));
}

TEST_F(PlannerTest, harbors_annotations_need_oci_too) {
  build_image(*repository_, "v1", "linux/amd64", {build_docker_layer(*repository_, sample_tar(1))}, true);
  request_.harbor_annotation = true;
  FakeBehaviour docker;
  docker.needs_oci = false;
  EXPECT_TRUE(plan("v1", {docker}).targets[0].to_oci);
}

TEST_F(PlannerTest, foreign_layer_that_is_only_a_url_stays_and_one_that_is_there_is_converted) {
  BuiltLayer absent = build_layer(*repository_, sample_tar(1));
  absent.descriptor.media_type = oci::kOciForeignLayerGzip;
  absent.descriptor.digest = hash::sha256(as_bytes("elsewhere"));
  absent.descriptor.urls = {"https://example.invalid/layer"};
  BuiltLayer present = build_layer(*repository_, sample_tar(2));
  present.descriptor.media_type = oci::kOciForeignLayerGzip;
  present.descriptor.urls = absent.descriptor.urls;
  build_image(*repository_, "v1", "linux/amd64", {absent, present});
  const Plan planned = plan("v1");
  EXPECT_THAT(planned.layers[0].actions, ElementsAre(LayerAction::leave));
  EXPECT_THAT(planned.layers[1].actions, ElementsAre(LayerAction::convert));
  EXPECT_THAT(planned.targets[0].notes, ElementsAre(HasSubstr("holds only its URLs")));
}

}  // namespace
}  // namespace accel::convert
