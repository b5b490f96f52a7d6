#include "accel/oci/json.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::oci {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

// Members in the order of the spec, so that writing gives the same text again.
const std::string kManifestText = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                                  R"("artifactType":"application/example","config":{"mediaType":)"
                                  R"("application/vnd.oci.image.config.v1+json","digest":")" +
                                  kA + R"(","size":7,"data":"e30="},"layers":[{"mediaType":)" +
                                  R"("application/vnd.oci.image.layer.v1.tar+gzip","digest":")" + kB +
                                  R"(","size":9007199254740993,"urls":["https://a","https://b"],)" +
                                  R"("annotations":{"a":"1","b":"ü\n"}}],"subject":{"mediaType":"t","digest":")" + kA +
                                  R"(","size":0},"annotations":{"k":"v"},"unknown":[1.10,{"x":null}]})";

const std::string kIndexText =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":)"
    R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
    kA + R"(","size":1,"platform":{"architecture":"arm","os":"linux","os.version":"1","os.features":["f"],)" +
    R"("variant":"v7","features":["old"]},"artifactType":"application/example","extra":{"n":1}}]})";

TEST(Json, manifest_is_read_member_by_member) {
  const Manifest manifest = parse_manifest(kManifestText);
  EXPECT_EQ(manifest.media_type, kOciManifest);
  EXPECT_EQ(manifest.artifact_type, "application/example");
  EXPECT_EQ(manifest.config.digest.to_string(), kA);
  EXPECT_EQ(manifest.config.unknown, (UnknownMembers{{"data", "\"e30=\""}}));
  ASSERT_EQ(manifest.layers.size(), 1U);
  EXPECT_EQ(manifest.layers[0].media_type, kOciLayerGzip);
  EXPECT_EQ(manifest.layers[0].size, 9007199254740993U);  // 2^53 + 1: no double could hold it
  EXPECT_EQ(manifest.layers[0].urls, (std::vector<std::string>{"https://a", "https://b"}));
  EXPECT_EQ(manifest.layers[0].annotations, (Annotations{{"a", "1"}, {"b", "ü\n"}}));
  ASSERT_TRUE(manifest.subject);
  EXPECT_EQ(manifest.subject->size, 0U);
  EXPECT_EQ(manifest.annotations, (Annotations{{"k", "v"}}));
  EXPECT_EQ(manifest.unknown, (UnknownMembers{{"unknown", R"([1.10,{"x":null}])"}}));
}

TEST(Json, manifest_and_index_come_out_as_they_went_in) {
  EXPECT_EQ(to_json(parse_manifest(kManifestText)), kManifestText);
  EXPECT_EQ(to_json(parse_index(kIndexText)), kIndexText);
}

TEST(Json, order_and_white_space_of_the_document_do_not_matter) {
  const std::string text =
      "\n{ \"zeta\" : [ 1 , 2 ],\n \"layers\":[], \"alpha\":{ }, \"config\" : {\"size\":1,\"digest\":\"" + kA +
      "\",\"mediaType\":\"t\"}}\t";
  EXPECT_EQ(to_json(parse_manifest(text)), R"({"schemaVersion":2,"config":{"mediaType":"t","digest":")" + kA +
                                               R"(","size":1},"layers":[],"alpha":{},"zeta":[1,2]})");
}

TEST(Json, index_entries_have_platforms) {
  const Index index = parse_index(kIndexText);
  ASSERT_EQ(index.manifests.size(), 1U);
  ASSERT_TRUE(index.manifests[0].platform);
  EXPECT_EQ(index.manifests[0].platform->to_string(), "linux/arm/v7");
  EXPECT_EQ(index.manifests[0].platform->os_features, (std::vector<std::string>{"f"}));
  EXPECT_EQ(index.manifests[0].platform->unknown, (UnknownMembers{{"features", R"(["old"])"}}));
  EXPECT_EQ(index.manifests[0].artifact_type, "application/example");
}

TEST(Json, null_is_absent_as_go_writes_it) {
  const Manifest manifest =
      parse_manifest(R"({"schemaVersion":2,"mediaType":null,"config":{"mediaType":"t","digest":")" + kA +
                     R"(","size":1,"urls":null,"annotations":null,"platform":null},"layers":null,"subject":null})");
  EXPECT_TRUE(manifest.layers.empty());
  EXPECT_FALSE(manifest.subject);
  EXPECT_FALSE(manifest.config.platform);
  EXPECT_TRUE(parse_index(R"({"schemaVersion":2,"manifests":null})").manifests.empty());
}

TEST(Json, descriptor_alone_is_read_and_written) {
  const std::string text = R"({"mediaType":"t","digest":"sha512:)" + std::string(128, 'c') + R"(","size":3})";
  const Descriptor descriptor = parse_descriptor(text);
  EXPECT_EQ(descriptor.digest.algorithm(), hash::Algorithm::sha512);
  EXPECT_EQ(to_json(descriptor), text);
}

TEST(Json, media_type_is_declared_or_implied) {
  EXPECT_EQ(sniff_media_type(R"({"mediaType":"application/example"})"), "application/example");
  EXPECT_EQ(sniff_media_type(R"({"schemaVersion":2,"manifests":[]})"), kOciIndex);
  EXPECT_EQ(sniff_media_type(R"({"schemaVersion":2,"config":{},"layers":[]})"), kOciManifest);
  EXPECT_THROW(sniff_media_type(R"({"schemaVersion":2})"), FormatError);
  EXPECT_THROW(sniff_media_type("[]"), FormatError);
}

TEST(Json, describe_hashes_the_bytes) {
  const Descriptor descriptor = describe(kOciEmpty, "{}");
  EXPECT_EQ(descriptor.media_type, kOciEmpty);
  EXPECT_EQ(descriptor.size, 2U);
  // The digest the image spec gives for the empty descriptor.
  EXPECT_EQ(descriptor.digest.to_string(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace accel::oci
