#include "accel/convert/twin.hpp"

#include <gmock/gmock.h>

#include "accel/base/error.hpp"
#include "convert/conversion_fixture.hpp"

namespace accel::convert {
namespace {

using ::testing::HasSubstr;

class TwinTest : public ConversionFixture {
 protected:
  Twin find(const std::string& target, bool by_subject = false, const std::string& source = "v1") {
    const auto digest = source_->stat_manifest(source, {})->digest;
    return find_twin({*source_, digest, *target_, target, request_.platforms, by_subject}, {});
  }
  TwinState state(const std::string& target, bool by_subject = false) { return find(target, by_subject).state; }
  void build(std::uint32_t seed, std::size_t layers = 1) {
    std::vector<BuiltLayer> built;
    for (std::uint32_t i = 0; i < layers; ++i) built.push_back(build_layer(*source_, sample_tar(seed + i)));
    build_image(*source_, "v1", "linux/amd64", built);
  }
  void push_referrer(const hash::Digest& source, const hash::Digest& recorded) {
    oci::Manifest manifest;
    manifest.media_type = oci::kOciManifest;
    manifest.config = write_blob(*target_, oci::kOciConfig, "{}");
    manifest.subject = oci::Descriptor{};
    manifest.subject->media_type = oci::kOciManifest;
    manifest.subject->digest = source;
    manifest.annotations = {{"containerd.io/snapshot/nydus-source-digest", recorded.to_string()}};
    put_document(*target_, "", oci::kOciManifest, oci::to_json(manifest));
  }
};

TEST_F(TwinTest, what_was_just_converted_is_fresh_in_every_format_and_a_later_push_makes_it_stale) {
  for (const char* driver : {"estargz", "zstdchunked", "nydus"}) {
    build(1);
    EXPECT_EQ(find("absent").state, TwinState::missing);
    EXPECT_THAT(find("absent").reason, HasSubstr("no target:absent"));
    convert(driver);
    EXPECT_EQ(state("out"), TwinState::fresh) << driver;
    build(5, 2);
    const Twin now = find("out");
    EXPECT_EQ(now.state, TwinState::stale) << driver;
    EXPECT_THAT(now.reason, HasSubstr("target:out is ")) << driver;
  }
}

TEST_F(TwinTest, a_record_tells_what_a_config_cannot) {
  build(1);
  convert("estargz");
  build(2);  // the same config but for its layers
  EXPECT_EQ(state("out"), TwinState::fresh);
  request_.harbor_annotation = true;
  convert("estargz");
  EXPECT_EQ(state("out"), TwinState::fresh);
  build(3);
  EXPECT_EQ(state("out"), TwinState::stale);
}

TEST_F(TwinTest, of_an_index_every_wanted_platform_must_be_there) {
  build_two_platforms(*source_, "v1");
  for (const char* driver : {"estargz", "nydus"}) {
    request_.platforms = {oci::Platform::parse("linux/amd64")};
    convert(driver);
    EXPECT_EQ(state("out"), TwinState::fresh) << driver;
    request_.platforms = {};
    EXPECT_EQ(state("out"), TwinState::stale) << driver;
    convert(driver);
    EXPECT_EQ(state("out"), TwinState::fresh) << driver;
  }
}

TEST_F(TwinTest, an_image_that_was_taken_over_as_it_is_is_fresh) {
  build(1);
  put_document(*target_, "same", oci::kOciManifest, source_->get_manifest("v1", {}).bytes);
  EXPECT_EQ(state("same"), TwinState::fresh);
}

TEST_F(TwinTest, a_target_without_its_tag_counts_when_it_points_to_the_source) {
  build(1);
  const auto source = source_->stat_manifest("v1", {})->digest;
  push_referrer(source, hash::sha256(as_bytes("another")));
  EXPECT_EQ(state("out", true), TwinState::missing);
  push_referrer(source, source);
  EXPECT_EQ(state("out", true), TwinState::fresh);
  EXPECT_EQ(state("out", false), TwinState::missing);
}

TEST_F(TwinTest, the_size_of_an_image_is_that_of_the_wanted_platforms_layers) {
  const BuiltLayer layer = build_layer(*source_, sample_tar(1));
  const auto image = build_image(*source_, "v1", "linux/amd64", {layer});
  EXPECT_EQ(image_size(*source_, "v1", {}, {}), layer.descriptor.size);
  EXPECT_EQ(image_size(*source_, "v1", {oci::Platform::parse("linux/amd64")}, {}), layer.descriptor.size);
  EXPECT_THROW(image_size(*source_, "v1", {oci::Platform::parse("linux/arm64")}, {}), ConfigError);
  EXPECT_THROW(image_size(*source_, "absent", {}, {}), NotFound);
}

}  // namespace
}  // namespace accel::convert
