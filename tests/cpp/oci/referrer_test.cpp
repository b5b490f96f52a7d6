#include "accel/oci/referrer.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::oci {
namespace {

RawManifest raw(std::string_view media_type, std::string text) { return {describe(media_type, text), std::move(text)}; }

Manifest sample() {
  Manifest manifest;
  manifest.config = describe(kOciConfig, "{}");
  manifest.subject = describe(kOciManifest, "subject");
  manifest.annotations = {{"k", "v"}};
  return manifest;
}

TEST(Referrer, subject_is_that_of_manifest_or_index) {
  const Digest subject = describe(kOciManifest, "subject").digest;
  EXPECT_EQ(subject_of(raw(kOciManifest, to_json(sample()))), subject);
  Index index;
  EXPECT_EQ(subject_of(raw(kOciIndex, to_json(index))), std::nullopt);
  index.subject = sample().subject;
  EXPECT_EQ(subject_of(raw(kOciIndex, to_json(index))), subject);
  EXPECT_EQ(subject_of(raw("application/example", "no JSON")), std::nullopt);
  EXPECT_THROW(subject_of(raw(kOciManifest, "no JSON")), FormatError);
}

TEST(Referrer, artifact_type_falls_back_to_the_type_of_the_config) {
  Manifest manifest = sample();
  const auto without = raw(kOciManifest, to_json(manifest));
  EXPECT_EQ(describe_referrer(without).artifact_type, kOciConfig);
  EXPECT_EQ(describe_referrer(without).digest, without.descriptor.digest);
  EXPECT_EQ(describe_referrer(without).annotations, manifest.annotations);
  manifest.artifact_type = "application/example";
  EXPECT_EQ(describe_referrer(raw(kOciManifest, to_json(manifest))).artifact_type, "application/example");
}

TEST(Referrer, fallback_tag_is_made_of_the_digest) {
  EXPECT_EQ(referrers_tag(Digest::parse("sha256:" + std::string(64, 'a'))), "sha256-" + std::string(64, 'a'));
  EXPECT_EQ(referrers_tag(Digest::parse("sha512:" + std::string(128, 'b'))), "sha512-" + std::string(64, 'b'));
}

}  // namespace
}  // namespace accel::oci
