#include "accel/convert/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "convert/image_builder.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::HasSubstr;

class ImageTest : public ::testing::Test {
 protected:
  Image read(const std::string& tag, const std::vector<std::string>& wanted = {}) {
    std::vector<oci::Platform> platforms;
    for (const std::string& text : wanted) platforms.push_back(oci::Platform::parse(text));
    return read_image(*repository_, tag, platforms, {});
  }
  template <class E>
  std::string error_of(const std::string& tag, const std::vector<std::string>& wanted = {}) {
    try {
      read(tag, wanted);
    } catch (const E& error) {
      return error.what();
    } catch (const Error& error) {
      ADD_FAILURE() << "another error: " << error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("memory");
};

TEST_F(ImageTest, single_manifest_is_one_image) {
  const auto raw = build_image(*repository_, "v1", "linux/arm64", {build_layer(*repository_, sample_tar(1))});
  const Image image = read("v1");
  ASSERT_EQ(image.images().size(), 1U);
  EXPECT_EQ(image.images()[0]->platform.to_string(), "linux/arm64");
  EXPECT_EQ(image.root.descriptor.digest, raw.descriptor.digest);
  EXPECT_EQ(image.root.bytes, raw.bytes);
  EXPECT_TRUE(image.notes.empty());
}

TEST_F(ImageTest, index_gives_all_platforms_and_their_attestations) {
  build_two_platforms(*repository_, "v1");
  const Image image = read("v1");
  EXPECT_EQ(image.images().size(), 2U);
  ASSERT_EQ(image.root.children.size(), 4U);
  EXPECT_EQ(image.root.children[3].kind, ImageNode::Kind::attestation);
  EXPECT_EQ(image.root.children[3].described(), image.root.children[1].descriptor.digest);
}

TEST_F(ImageTest, unwanted_platforms_and_their_attestations_are_left_out) {
  build_two_platforms(*repository_, "v1");
  const Image image = read("v1", {"linux/arm64"});
  ASSERT_EQ(image.root.children.size(), 2U);
  EXPECT_EQ(image.root.children[0].platform.to_string(), "linux/arm64");
  EXPECT_EQ(image.root.children[1].kind, ImageNode::Kind::attestation);
  ASSERT_EQ(image.notes.size(), 1U);
  EXPECT_THAT(image.notes[0], HasSubstr("attestation"));
}

TEST_F(ImageTest, platform_nobody_has_is_an_error_that_names_those_there_are) {
  build_two_platforms(*repository_, "index");
  build_image(*repository_, "single", "linux/amd64", {});
  EXPECT_THAT(error_of<ConfigError>("index", {"windows/amd64"}), HasSubstr("it has linux/amd64, linux/arm64"));
  EXPECT_THAT(error_of<ConfigError>("single", {"linux/arm64"}), HasSubstr("it has linux/amd64"));
}

TEST_F(ImageTest, child_without_platform_is_judged_by_its_config) {
  const auto amd64 = build_image(*repository_, "", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  const auto arm64 = build_image(*repository_, "", "linux/arm64", {build_layer(*repository_, sample_tar(2))});
  put_index(*repository_, "v1", {amd64.descriptor, arm64.descriptor});
  const Image image = read("v1", {"linux/arm64"});
  ASSERT_EQ(image.images().size(), 1U);
  EXPECT_EQ(image.images()[0]->descriptor.digest, arm64.descriptor.digest);
}

TEST_F(ImageTest, index_in_an_index_is_followed_but_not_for_ever) {
  build_two_platforms(*repository_, "inner");
  auto descriptor = repository_->get_manifest("inner", {}).descriptor;
  descriptor = put_index(*repository_, "outer", {descriptor}).descriptor;
  EXPECT_EQ(read("outer").images().size(), 2U);
  for (int i = 0; i < 4; ++i) descriptor = put_index(*repository_, "deep", {descriptor}).descriptor;
  EXPECT_THAT(error_of<FormatError>("deep"), HasSubstr("nest deeper"));
}

TEST_F(ImageTest, artifact_is_no_image) {
  const auto image = build_image(*repository_, "", "linux/amd64", {});
  put_referrer(*repository_, "artifact", image.descriptor);
  EXPECT_THAT(error_of<UnsupportedError>("artifact"), HasSubstr("application/example"));
}

TEST_F(ImageTest, artifact_among_the_children_is_carried) {
  const auto image = build_image(*repository_, "", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  const auto artifact = put_referrer(*repository_, "", image.descriptor);
  put_index(*repository_, "v1", {as_child(image, "linux/amd64"), artifact.descriptor});
  const Image read_back = read("v1");
  EXPECT_EQ(read_back.images().size(), 1U);
  EXPECT_EQ(read_back.root.children.at(1).kind, ImageNode::Kind::other);
}

TEST_F(ImageTest, number_of_diff_ids_must_be_that_of_layers) {
  const BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  oci::Manifest manifest = oci::parse_manifest(build_image(*repository_, "", "linux/amd64", {layer}).bytes);
  manifest.layers.push_back(layer.descriptor);
  put_document(*repository_, "v1", oci::kOciManifest, oci::to_json(manifest));
  EXPECT_THAT(error_of<FormatError>("v1"), HasSubstr("1 entries, but the manifest has 2 layers"));
}

TEST_F(ImageTest, history_that_does_not_fit_is_a_note) {
  const BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  oci::Manifest manifest = oci::parse_manifest(build_image(*repository_, "", "linux/amd64", {layer}).bytes);
  std::string config = build_config("linux/amd64", {layer});
  config.replace(config.rfind("[{"), 2, R"([{"created_by":"RUN"},{)");
  manifest.config = write_blob(*repository_, oci::kOciConfig, config);
  put_document(*repository_, "v1", oci::kOciManifest, oci::to_json(manifest));
  EXPECT_THAT(read("v1").notes, ::testing::ElementsAre(HasSubstr("history has 2 entries for 1 layers")));
}

TEST_F(ImageTest, child_of_unknown_media_type_is_refused_by_name) {
  auto child = build_image(*repository_, "", "linux/amd64", {}).descriptor;
  child.media_type = "application/vnd.example.thing";
  put_index(*repository_, "v1", {child});
  EXPECT_THAT(error_of<UnsupportedError>("v1"), HasSubstr("application/vnd.example.thing"));
}

TEST_F(ImageTest, missing_child_names_its_digest) {
  auto child = build_image(*repository_, "", "linux/amd64", {}).descriptor;
  child.digest = hash::sha256(as_bytes("gone"));
  put_index(*repository_, "v1", {child});
  EXPECT_THAT(error_of<NotFound>("v1"), HasSubstr(child.digest.short_string()));
}

TEST_F(ImageTest, config_that_is_not_json_names_its_digest) {
  oci::Manifest manifest;
  manifest.media_type = oci::kOciManifest;
  manifest.config = write_blob(*repository_, oci::kOciConfig, "{no json");
  put_document(*repository_, "v1", oci::kOciManifest, oci::to_json(manifest));
  EXPECT_THAT(error_of<FormatError>("v1"), HasSubstr("config " + manifest.config.digest.short_string()));
}

TEST_F(ImageTest, huge_config_is_not_read) {
  oci::Descriptor blob;
  blob.digest = hash::sha256({});
  blob.size = 1ULL << 40U;
  EXPECT_THROW(read_small_blob(*repository_, blob, 1U << 20U, {}), FormatError);
}

}  // namespace
}  // namespace accel::convert
