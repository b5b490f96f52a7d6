#include "accel/convert/assembler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/convert/layer_descriptor.hpp"
#include "accel/store/stores.hpp"
#include "convert/fake_format.hpp"
#include "convert/image_builder.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

/// Plans an image for the fake format and gives every layer a made-up result.
class AssemblerTest : public ::testing::Test {
 protected:
  TargetImage assemble_tag(const std::string& tag, const AssembleOptions& options = {}) {
    image_ = read_image(*repository_, tag, platforms_, {});
    request_.targets = {{"fake", {}, "oci:x:y"}};
    request_.harbor_annotation = options.harbor_annotation;
    plan_ = make_plan(image_, request_, {std::make_shared<FakeFormat>(behaviour_)}, *repository_, {});
    std::vector<ConvertedLayer> layers;
    for (const PlannedLayer& planned : plan_.layers) {
      ConvertedLayer layer;
      layer.action = planned.actions[0];
      layer.blob = planned.source;
      if (layer.action == LayerAction::convert) {
        layer.blob = oci::describe("", "blob of " + planned.source.digest.to_string());
        layer.result.media_type = oci::kOciLayer;
        if (new_diff_ids_) layer.result.diff_id = new_diff_id(planned.source);
        layer.result.annotations = {{"fake.size", "7"}};
        layer.result.twin_annotations = {{"fake.twin", "1"}};
        layer.result.drop_annotations = {"stale", "old.*"};
      }
      layers.push_back(std::move(layer));
    }
    return assemble(image_, plan_, 0, layers, options);
  }
  static hash::Digest new_diff_id(const oci::Descriptor& layer) {
    return hash::sha256(as_bytes("diff of " + layer.digest.to_string()));
  }

  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("memory");
  std::vector<oci::Platform> platforms_;
  ConvertRequest request_;
  FakeBehaviour behaviour_;
  bool new_diff_ids_ = true;
  Image image_;
  Plan plan_;
};

TEST_F(AssemblerTest, layers_and_diff_ids_are_replaced_and_all_else_is_kept) {
  BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  layer.descriptor.annotations = {{"stale", "x"}, {"old.a", "x"}, {"older", "kept"}};
  layer.descriptor.urls = {"https://example.invalid/"};
  layer.descriptor.unknown = {{"data", "\"QQ==\""}, {"extra", "5"}};
  build_image(*repository_, "v1", "linux/amd64", {layer});
  const TargetImage made = assemble_tag("v1");

  ASSERT_THAT(made.manifests, SizeIs(1));
  const oci::Manifest manifest = oci::parse_manifest(made.manifests[0].bytes);
  const oci::Descriptor& converted = manifest.layers.at(0);
  EXPECT_EQ(converted.digest, oci::describe("", "blob of " + layer.descriptor.digest.to_string()).digest);
  EXPECT_EQ(converted.annotations, (oci::Annotations{{"fake.size", "7"}, {"older", "kept"}}));
  EXPECT_TRUE(converted.urls.empty()) << "they serve the old bytes";
  EXPECT_EQ(converted.unknown, (oci::UnknownMembers{{"extra", "5"}})) << "data embeds the old bytes";
  EXPECT_THAT(manifest.annotations, Contains(Key("org.example.note")));

  ASSERT_THAT(made.configs, SizeIs(1));
  const oci::ImageConfig config = oci::parse_config(made.configs[0].bytes);
  EXPECT_EQ(config.diff_ids.at(0), new_diff_id(layer.descriptor));
  EXPECT_THAT(made.configs[0].bytes, HasSubstr(R"("unknown_member":[1,2])"));
  EXPECT_THAT(made.configs[0].bytes, Not(HasSubstr("sha256:parent"))) << "the parent image has other layers";
  EXPECT_EQ(manifest.config.digest, made.configs[0].descriptor.digest);
  EXPECT_EQ(manifest.config.size, made.configs[0].bytes.size());

  EXPECT_EQ(made.root.digest, made.root_document().descriptor.digest);
  EXPECT_EQ(made.size, made.root.size + manifest.config.size + converted.size);
  ASSERT_THAT(made.layers, SizeIs(1));
  EXPECT_EQ(made.layers[0].source_digest, layer.descriptor.digest.to_string());
  EXPECT_EQ(made.layers[0].target_size, converted.size);
  EXPECT_FALSE(made.layers[0].cached);
  EXPECT_FALSE(made.unchanged);
}

TEST_F(AssemblerTest, config_is_taken_over_when_diff_ids_stay) {
  new_diff_ids_ = false;
  build_image(*repository_, "v1", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  const TargetImage made = assemble_tag("v1");
  EXPECT_THAT(made.configs, SizeIs(0));
  ASSERT_THAT(made.taken_over, SizeIs(1));
  EXPECT_EQ(made.taken_over[0].digest, image_.root.manifest.config.digest);
}

TEST_F(AssemblerTest, repeated_layer_is_repeated) {
  const BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  build_image(*repository_, "v1", "linux/amd64", {layer, build_layer(*repository_, sample_tar(2)), layer});
  const oci::Manifest manifest = oci::parse_manifest(assemble_tag("v1").manifests.at(0).bytes);
  EXPECT_EQ(manifest.layers.at(0), manifest.layers.at(2));
  EXPECT_NE(manifest.layers.at(0), manifest.layers.at(1));
}

TEST_F(AssemblerTest, image_of_kept_layers_is_the_source_byte_for_byte) {
  BuiltLayer layer = build_layer(*repository_, sample_tar(1));
  layer.descriptor.annotations["fake.size"] = "1";
  const auto source = build_image(*repository_, "v1", "linux/amd64", {layer});
  const TargetImage made = assemble_tag("v1");
  EXPECT_TRUE(made.unchanged);
  EXPECT_EQ(made.manifests.at(0).bytes, source.bytes);
  EXPECT_THAT(made.taken_over, SizeIs(2)) << "layer and config";
  EXPECT_TRUE(made.layers.at(0).cached);
}

TEST_F(AssemblerTest, index_keeps_order_platforms_annotations_and_unknown_members) {
  build_two_platforms(*repository_, "plain");
  oci::Index source = oci::parse_index(repository_->get_manifest("plain", {}).bytes);
  source.annotations = {{"org.example", "1"}};
  source.unknown = {{"extra", R"({"a":1})"}};
  source.manifests[0].unknown = {{"extra", "true"}};
  put_document(*repository_, "v1", oci::kOciIndex, oci::to_json(source));
  const TargetImage made = assemble_tag("v1");

  ASSERT_THAT(made.indexes, SizeIs(1));
  const oci::Index index = oci::parse_index(made.indexes[0].bytes);
  EXPECT_EQ(index.annotations, source.annotations);
  EXPECT_EQ(index.unknown, source.unknown);
  ASSERT_THAT(index.manifests, SizeIs(4));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(index.manifests[i].platform, source.manifests[i].platform);
    EXPECT_EQ(index.manifests[i].unknown, source.manifests[i].unknown);
  }
  EXPECT_EQ(index.manifests[0].annotations, source.manifests[0].annotations);
  EXPECT_NE(index.manifests[0].digest, source.manifests[0].digest);
}

TEST_F(AssemblerTest, attestation_points_to_the_converted_manifest_and_keeps_its_blobs) {
  build_two_platforms(*repository_, "v1");
  const TargetImage made = assemble_tag("v1");
  const oci::Index index = oci::parse_index(made.indexes.at(0).bytes);
  const std::string key(oci::kReferenceDigestAnnotation);
  EXPECT_EQ(index.manifests[2].annotations.at(key), index.manifests[0].digest.to_string());
  EXPECT_EQ(index.manifests[3].annotations.at(key), index.manifests[1].digest.to_string());
  EXPECT_EQ(index.manifests[2].digest, image_.root.children[2].descriptor.digest) << "its own bytes say nothing of it";
  std::vector<hash::Digest> taken;
  for (const oci::Descriptor& blob : made.taken_over) taken.push_back(blob.digest);
  EXPECT_THAT(taken, Contains(image_.root.children[2].manifest.layers[0].digest));
}

TEST_F(AssemblerTest, attestation_that_names_its_subject_is_rewritten) {
  const auto image = build_image(*repository_, "", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  oci::Descriptor child = build_attestation(*repository_, image);
  oci::Manifest attestation = oci::parse_manifest(repository_->get_manifest(child.digest.to_string(), {}).bytes);
  attestation.subject = image.descriptor;
  const auto raw = put_document(*repository_, "", oci::kOciManifest, oci::to_json(attestation));
  set_content(child, raw.descriptor);
  put_index(*repository_, "v1", {as_child(image, "linux/amd64"), child});
  const TargetImage made = assemble_tag("v1");
  const oci::Index index = oci::parse_index(made.indexes.at(0).bytes);
  EXPECT_NE(index.manifests[1].digest, child.digest);
  for (const oci::RawManifest& document : made.manifests) {
    if (document.descriptor.digest != index.manifests[1].digest) continue;
    EXPECT_EQ(oci::parse_manifest(document.bytes).subject->digest, index.manifests[0].digest);
  }
}

TEST_F(AssemblerTest, index_of_one_wanted_platform_stays_an_index) {
  build_two_platforms(*repository_, "v1");
  platforms_ = {oci::Platform::parse("linux/arm64")};
  const TargetImage made = assemble_tag("v1");
  EXPECT_EQ(made.root.media_type, oci::kOciIndex);
  EXPECT_THAT(oci::parse_index(made.root_document().bytes).manifests, SizeIs(2)) << "the image and its attestation";
}

TEST_F(AssemblerTest, docker_image_becomes_oci_where_that_is_implied) {
  const auto image =
      build_image(*repository_, "", "linux/amd64", {build_docker_layer(*repository_, sample_tar(1))}, true);
  oci::Index list;
  list.media_type = oci::kDockerManifestList;
  list.manifests = {as_child(image, "linux/amd64")};
  put_document(*repository_, "v1", oci::kDockerManifestList, oci::to_json(list));
  const TargetImage made = assemble_tag("v1");
  EXPECT_EQ(made.root.media_type, oci::kOciIndex);
  const oci::Index index = oci::parse_index(made.root_document().bytes);
  EXPECT_EQ(index.media_type, oci::kOciIndex);
  EXPECT_EQ(index.manifests.at(0).media_type, oci::kOciManifest);
  const oci::Manifest manifest = oci::parse_manifest(made.manifests.at(0).bytes);
  EXPECT_EQ(manifest.media_type, oci::kOciManifest);
  EXPECT_EQ(manifest.config.media_type, oci::kOciConfig);
}

TEST_F(AssemblerTest, docker_image_stays_docker_otherwise) {
  behaviour_.needs_oci = false;
  build_image(*repository_, "v1", "linux/amd64", {build_docker_layer(*repository_, sample_tar(1))}, true);
  EXPECT_EQ(assemble_tag("v1").root.media_type, oci::kDockerManifest);
}

TEST_F(AssemblerTest, harbors_annotations_name_driver_version_and_source) {
  const auto source = build_image(*repository_, "v1", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  AssembleOptions options;
  options.harbor_annotation = true;
  const auto annotations = oci::parse_manifest(assemble_tag("v1", options).manifests.at(0).bytes).annotations;
  EXPECT_EQ(annotations.at("io.goharbor.artifact.v1alpha1.acceleration.driver.name"), "fake");
  EXPECT_EQ(annotations.at("io.goharbor.artifact.v1alpha1.acceleration.driver.version"), ACCEL_VERSION);
  EXPECT_EQ(annotations.at("io.goharbor.artifact.v1alpha1.acceleration.source.digest"),
            source.descriptor.digest.to_string());
}

TEST_F(AssemblerTest, twin_shares_blobs_and_config_and_has_its_own_annotations) {
  build_image(*repository_, "v1", "linux/amd64", {build_layer(*repository_, sample_tar(1))});
  AssembleOptions options;
  const TargetImage image = assemble_tag("v1", options);
  options.twin = true;
  const TargetImage twin = assemble_tag("v1", options);
  const oci::Manifest a = oci::parse_manifest(image.manifests.at(0).bytes);
  const oci::Manifest b = oci::parse_manifest(twin.manifests.at(0).bytes);
  EXPECT_EQ(a.config, b.config);
  EXPECT_EQ(a.layers.at(0).digest, b.layers.at(0).digest);
  EXPECT_THAT(b.layers[0].annotations, Contains(Key("fake.twin")));
  EXPECT_THAT(b.layers[0].annotations, Not(Contains(Key("fake.size"))));
}

}  // namespace
}  // namespace accel::convert
