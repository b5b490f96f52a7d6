// Documents that must be refused, with the message each gets.

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"

namespace accel::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kConfig = R"("config":{"mediaType":"t","digest":")" + kDigest + R"(","size":1})";

/// A manifest with one layer that has `members`.
std::string manifest_with_layer(const std::string& members) {
  return R"({"schemaVersion":2,)" + kConfig + R"(,"layers":[{)" + members + "}]}";
}

void expect_message(const std::string& text, const std::string& message) {
  try {
    parse_manifest(text);
    ADD_FAILURE() << "accepted: " << text;
  } catch (const FormatError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, message.size()), message);
  }
}

TEST(JsonBadInput, layer_descriptors_with_bad_members_are_refused_by_name) {
  const std::string digest = R"("digest":")" + kDigest + "\"";
  const std::pair<std::string, std::string> cases[] = {
      {R"("digest":"x","size":1)", "manifest: layers[0]: no member \"mediaType\""},
      {R"("mediaType":"t","size":1)", "manifest: layers[0]: no member \"digest\""},
      {R"("mediaType":"t",)" + digest, "manifest: layers[0]: no member \"size\""},
      {R"("mediaType":1,"size":1,)" + digest, "manifest: layers[0].mediaType: want a string, got 1"},
      {R"("mediaType":"t","size":-1,)" + digest, "manifest: layers[0].size: want a non-negative integer"},
      {R"("mediaType":"t","size":1.5,)" + digest, "manifest: layers[0].size: want a non-negative integer"},
      {R"("mediaType":"t","size":1e3,)" + digest, "manifest: layers[0].size: want a non-negative integer"},
      {R"("mediaType":"t","size":"1",)" + digest, "manifest: layers[0].size: want a non-negative integer"},
      {R"("mediaType":"t","size":18446744073709551616,)" + digest, "manifest: layers[0].size: want a non-negative"},
      {R"("mediaType":"t","size":9223372036854775808,)" + digest, "manifest: layers[0].size: more than 2^63-1 bytes"},
      {R"("mediaType":"t","size":1,"digest":"sha256:abc")", "manifest: layers[0].digest: want a sha256 or sha512"},
      {R"("mediaType":"t","size":1,"digest":"../../etc/passwd")", "manifest: layers[0].digest: want a sha256 or"},
      {R"("mediaType":"t","size":1,"digest":1)", "manifest: layers[0].digest: want a string, got 1"},
      {R"("mediaType":"t","size":1,"urls":"u",)" + digest, "manifest: layers[0].urls: want an array, got a string"},
      {R"("mediaType":"t","size":1,"urls":[1],)" + digest, "manifest: layers[0].urls[0]: want a string, got 1"},
      {R"("mediaType":"t","size":1,"annotations":{"a":1},)" + digest, "manifest: layers[0].annotations.a: want a str"},
      {R"("mediaType":"t","size":1,"annotations":[],)" + digest, "manifest: layers[0].annotations: want an object"},
      {R"("mediaType":"t","size":1,"platform":"linux",)" + digest, "manifest: layers[0].platform: want an object"},
      {R"("mediaType":"t","size":1,"Size":2,)" + digest, "manifest: layers[0].Size: differs from member \"size\" only"},
      {R"("mediaType":"t","size":1,"size":2,)" + digest, "manifest: key \"size\" occurs twice"},
  };
  for (const auto& [members, message] : cases) expect_message(manifest_with_layer(members), message);
}

TEST(JsonBadInput, documents_that_are_no_manifest_are_refused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "manifest: this is no JSON at offset 0"},
      {"<html>", "manifest: this is no JSON at offset 0"},
      {"[]", "manifest: want an object, got an array"},
      {"{}", "manifest: no member \"config\""},
      {R"({"schemaVersion":3,)" + kConfig + "}", "manifest: schemaVersion: want 2, got 3"},
      {R"({"schemaVersion":"2",)" + kConfig + "}", "manifest: schemaVersion: want 2, got \"2\""},
      {R"({"mediaType":"application/vnd.oci.image.index.v1+json",)" + kConfig + "}",
       "manifest: mediaType: \"application/vnd.oci.image.index.v1+json\" is no image manifest"},
      {"{" + kConfig + R"(,"manifests":[]})", "manifest: member \"manifests\" belongs to another kind"},
      {"{" + kConfig + R"(,"Layers":[]})", "manifest: Layers: differs from member \"layers\" only in case"},
      {"{" + kConfig + "," + kConfig + "}", "manifest: key \"config\" occurs twice"},
      {std::string(100, '['), "manifest: JSON nested deeper than 64 levels"},
      {std::string(kMaxManifestBytes + 1, ' '), "manifest: 16777217 bytes of JSON, at most 16777216 are read"},
  };
  for (const auto& [text, message] : cases) expect_message(text, message);
}

TEST(JsonBadInput, documents_that_are_no_index_are_refused) {
  for (const std::string text :
       {R"({"schemaVersion":2})", R"({"manifests":{}})", R"({"manifests":[1]})", R"({"manifests":[],"layers":[]})",
        R"({"manifests":[],"config":null})", R"({"Manifests":[]})",
        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]})"}) {
    EXPECT_THROW(parse_index(text), FormatError) << text;
  }
}

TEST(JsonBadInput, too_many_layers_are_refused) {
  const std::string layer = R"({"mediaType":"t","size":1,"digest":")" + kDigest + R"("},)";
  std::string text = "{" + kConfig + R"(,"layers":[)";
  for (std::size_t i = 0; i <= kMaxDescriptors; ++i) text += layer;
  text.back() = ']';
  expect_message(text + "}", "manifest: layers: more than 100000 elements");
}

TEST(JsonBadInput, docker_schema_1_is_unsupported_with_a_remedy) {
  for (const std::string text : {R"({"schemaVersion":1,"name":"app","fsLayers":[],"signatures":[]})",
                                 R"({"schemaVersion":1})", R"({"fsLayers":[]})"}) {
    for (const auto& parse :
         {+[](std::string_view json) { parse_manifest(json); }, +[](std::string_view json) { parse_index(json); },
          +[](std::string_view json) { sniff_media_type(json); }}) {
      try {
        parse(text);
        ADD_FAILURE() << "accepted: " << text;
      } catch (const UnsupportedError& error) {
        EXPECT_NE(error.hint().find("push the image again"), std::string::npos);
      }
    }
  }
}

TEST(JsonBadInput, text_that_is_not_utf8_cannot_be_written) {
  Manifest manifest;
  manifest.annotations = {{"path", "\xFF\xFE"}};
  EXPECT_THROW(to_json(manifest), FormatError);
}

}  // namespace
}  // namespace accel::oci
