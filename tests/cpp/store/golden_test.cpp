// Archives as skopeo writes them: see tests/golden/store/README.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/store/stores.hpp"
#include "support/sample_image.hpp"

namespace accel::store {
namespace {

using accel::testing::read_blob;
using ::testing::ElementsAre;

const std::string kGolden = ACCEL_GOLDEN_DIR "/store/";

/// The digest of a layer's uncompressed bytes.
hash::Digest diff_id(const std::string& layer) {
  io::MemoryStream stored(as_bytes(layer));
  const auto decoder = codec::make_decoder(codec::detect(as_bytes(layer)), stored);
  return hash::sha256(io::read_all(*decoder, 1U << 20U));
}

/// Reads and verifies all blobs of an image, and that its layers are what its config says.
void expect_whole(oci::Repository& repository, const oci::Manifest& manifest) {
  const auto config = oci::parse_config(read_blob(repository, manifest.config));
  EXPECT_EQ(config.platform.to_string(), "linux/amd64");
  EXPECT_EQ(oci::non_empty_history(config), 2U);
  ASSERT_EQ(config.diff_ids.size(), 2U);
  ASSERT_EQ(manifest.layers.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(diff_id(read_blob(repository, manifest.layers[i])), config.diff_ids[i]);
  }
}

TEST(Golden, oci_archive_of_skopeo_is_read) {
  const auto archive = open_oci_archive(kGolden + "skopeo-oci-archive.tar", OpenMode::read);
  EXPECT_THAT(archive->list_tags({}), ElementsAre("v1"));
  const auto raw = archive->get_manifest("v1", {});
  EXPECT_EQ(raw.descriptor.digest.to_string(),
            "sha256:6537bf5e215a57c8a5c4b5d761c320a271068fb9f3a826990909907baded73cc");
  const auto manifest = oci::parse_manifest(raw.bytes);
  EXPECT_EQ(manifest.layers[0].media_type, oci::kOciLayerGzip);
  expect_whole(*archive, manifest);
}

TEST(Golden, docker_archive_of_skopeo_is_read) {
  const auto archive = open_docker_archive(kGolden + "skopeo-docker-archive.tar");
  EXPECT_THAT(archive->list_tags({}), ElementsAre("registry.example/app:1"));
  const auto manifest = oci::parse_manifest(archive->get_manifest("registry.example/app:1", {}).bytes);
  EXPECT_EQ(manifest.config.digest.to_string(),
            "sha256:587d69876359533889d0ce730c80b0fa8c0b449d6e16dbebbd1864bddfcea6f2");
  EXPECT_EQ(manifest.layers[0].media_type, oci::kOciLayer);
  expect_whole(*archive, manifest);
}

}  // namespace
}  // namespace accel::store
