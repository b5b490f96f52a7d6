// Images whose layers stay where they are (nydus with oci_ref), through the whole conversion: decoder, encoders and
// the reader run on threads of their own, and several encoders may want the boundaries of one layer.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "convert/conversion_fixture.hpp"

namespace accel::convert {
namespace {

using codec::Compression;

class NydusReferenceTest : public ConversionFixture {
 protected:
  NydusReferenceTest() {
    const auto image = [this](const std::string& tag, Compression third) {
      build_image(
          *source_, tag, "linux/amd64",
          {build_layer(*source_, sample_tar(1, 3'000'000)), build_layer(*source_, sample_tar(2), Compression::none),
           build_layer(*source_, sample_tar(3), third)});
    };
    image("gzip", Compression::gzip);
    image("zstd", Compression::zstd);
  }

  std::vector<std::string> blob_digests(const std::string& tag) {
    std::vector<std::string> digests;
    for (const oci::Descriptor& layer : target_manifest(tag).layers) digests.push_back(layer.digest.to_string());
    return digests;
  }
};

TEST_F(NydusReferenceTest, gzip_and_plain_layers_are_read_back_from_the_source_layers) {
  convert("nydus", "gzip", {{"oci_ref", "true"}});
  const oci::Manifest source = oci::parse_manifest(source_->get_manifest("gzip", {}).bytes);
  const oci::Manifest target = target_manifest("out");
  ASSERT_EQ(target.layers.size(), source.layers.size() + 1);
  for (std::size_t i = 0; i < source.layers.size(); ++i) {
    EXPECT_EQ(target.layers[i].annotations.at(std::string(formats::nydus::kRefAnnotation)),
              source.layers[i].digest.to_string());
    EXPECT_LT(target.layers[i].size, 100'000U);  // an index
  }
}

TEST_F(NydusReferenceTest, zstd_layers_are_refused_or_converted) {
  request_.targets.clear();
  want("nydus", "refused", {{"oci_ref", "true"}});
  EXPECT_THROW(run("zstd"), UnsupportedError);
  tags_.clear();
  convert("nydus", "zstd", {{"oci_ref", "true"}, {"oci_ref_zstd", "native"}});
  EXPECT_FALSE(target_manifest("out").layers[2].annotations.contains(std::string(formats::nydus::kRefAnnotation)));
}

TEST_F(NydusReferenceTest, several_targets_learn_the_boundaries_of_a_layer_each_for_itself) {
  want("nydus", "ref", {{"oci_ref", "true"}});
  want("nydus", "native", {});
  want("estargz", "estargz", {});
  want("nydus", "again", {{"oci_ref", "true"}});
  run("gzip");
  for (const std::string& tag : tags_) expect_equal("gzip", tag);
  EXPECT_EQ(blob_digests("ref"), blob_digests("again"));
  EXPECT_NE(blob_digests("ref"), blob_digests("native"));
}

TEST_F(NydusReferenceTest, output_does_not_depend_on_the_number_of_threads) {
  std::vector<std::string> want_digests;
  for (const std::size_t jobs : {1U, 2U, 7U}) {
    environment_.jobs = jobs;
    convert("nydus", "gzip", {{"oci_ref", "true"}});
    if (want_digests.empty()) want_digests = blob_digests("out");
    EXPECT_EQ(blob_digests("out"), want_digests) << jobs;
  }
}

}  // namespace
}  // namespace accel::convert
