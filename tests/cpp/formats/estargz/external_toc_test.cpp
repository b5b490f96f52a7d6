#include "accel/formats/estargz/external_toc.hpp"

#include <gtest/gtest.h>

#include "accel/hash/hasher.hpp"
#include "accel/oci/json.hpp"
#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::estargz {
namespace {

using formats::testing::encode_layer;
using formats::testing::EncodedLayer;

ExternalToc toc(std::string_view layer, std::string_view content) {
  ExternalToc result;
  result.layer = hash::sha256(as_bytes(layer));
  result.toc.digest = hash::sha256(as_bytes(content));
  result.toc.size = content.size();
  return result;
}

TEST(TocImage, manifest_is_as_the_snapshotter_expects_it) {
  const oci::Manifest manifest = make_toc_manifest({toc("layer", "toc")});
  EXPECT_EQ(oci::to_json(manifest),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
            R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json",)"
            R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},)"
            R"("layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
                hash::sha256(as_bytes("toc")).to_string() +
                R"(","size":3,"annotations":{"containerd.io/snapshot/stargz/layer.digest":")" +
                hash::sha256(as_bytes("layer")).to_string() + R"("}}]})");
}

TEST(TocImage, layers_are_sorted_by_digest_and_shared_ones_stand_once) {
  const oci::Manifest manifest = make_toc_manifest({toc("a", "1"), toc("b", "2"), toc("c", "3"), toc("b", "2")});
  ASSERT_EQ(manifest.layers.size(), 3U);
  EXPECT_LT(manifest.layers[0].digest.to_string(), manifest.layers[1].digest.to_string());
  EXPECT_LT(manifest.layers[1].digest.to_string(), manifest.layers[2].digest.to_string());
  const oci::Descriptor* const found = find_toc(manifest, hash::sha256(as_bytes("c")));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->digest, hash::sha256(as_bytes("3")));
  EXPECT_EQ(find_toc(manifest, hash::sha256(as_bytes("d"))), nullptr);
}

TEST(TocImage, tag_has_the_suffix) { EXPECT_EQ(toc_image_tag("v1"), "v1-esgztoc"); }

TEST(ExternalToc, layer_without_its_toc_says_what_is_missing) {
  const EncodedLayer layer = encode_layer("estargz", {{"external_toc", "true"}},
                                          accel::testing::TarBuilder().file("a", "content").end().text());
  EXPECT_FALSE(layer.result.side_blob.empty());
  const auto reader = open_layer(layer.descriptor(), layer.source());
  try {
    static_cast<void>(reader->summary());
    FAIL() << "no error";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find("-esgztoc"), std::string::npos) << error.what();
  }
  EXPECT_EQ(layer.open()->summary().format, "eStargz (external TOC)");
}

}  // namespace
}  // namespace accel::formats::estargz
