#include "accel/convert/check_images.hpp"

#include <gmock/gmock.h>

#include "accel/base/error.hpp"
#include "convert/conversion_fixture.hpp"
#include "convert/damaged_repository.hpp"

namespace accel::convert {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CheckImagesTest : public ConversionFixture {
 protected:
  /// Checks an image of `source` against one of `target`, each a single layer.
  CheckReport check_tars(const std::string& source, const std::string& target) {
    build_image(*source_, "s", "linux/amd64", {build_layer(*source_, source)});
    build_image(*target_, "t", "linux/amd64", {build_layer(*target_, target, codec::Compression::zstd)});
    return check("s", "t");
  }
};

TEST_F(CheckImagesTest, equal_trees_in_other_clothes_are_equal) {
  const CheckReport report = check_tars(sample_tar(1), sample_tar(1));
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.files, 7U) << "the root, a directory and five names in it";
  EXPECT_EQ(report.content_bytes, 2U * (300'000 + 6)) << "of both sides";
  EXPECT_EQ(report.blobs_verified, 4U);
}

struct Change {
  const char* name;
  TarHeader header;
  std::string content;
  const char* field;
};

class CheckFinds : public CheckImagesTest, public ::testing::WithParamInterface<Change> {};

TEST_P(CheckFinds, one_changed_attribute) {
  TarBuilder source, target;
  TarHeader header;
  header.name = "f";
  source.entry(header, "text").end();
  target.entry(GetParam().header, GetParam().content).end();
  const CheckReport report = check_tars(source.text(), target.text());
  ASSERT_FALSE(report.equal());
  std::vector<std::string> fields;
  for (const Difference& difference : report.differences) {
    EXPECT_EQ(difference.platform, "linux/amd64");
    fields.push_back(difference.field);
  }
  EXPECT_THAT(fields, Contains(GetParam().field));
}

TarHeader changed(void (*change)(TarHeader&)) {
  TarHeader header;
  header.name = "f";
  change(header);
  return header;
}

INSTANTIATE_TEST_SUITE_P(Table, CheckFinds,
                         ::testing::Values(Change{"content", changed([](TarHeader&) {}), "texT", "content"},
                                           Change{"size", changed([](TarHeader&) {}), "longer", "size"},
                                           Change{"mode", changed([](TarHeader& h) { h.mode = 0600; }), "text", "mode"},
                                           Change{"uid", changed([](TarHeader& h) { h.uid = 7; }), "text", "uid"},
                                           Change{"gid", changed([](TarHeader& h) { h.gid = 7; }), "text", "gid"},
                                           Change{"mtime", changed([](TarHeader& h) { h.mtime = 7; }), "text", "mtime"},
                                           Change{"name", changed([](TarHeader& h) { h.name = "g"; }), "text",
                                                  "only in source"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(CheckImagesTest, config_differences_are_found) {
  const BuiltLayer layer = build_layer(*source_, sample_tar(1));
  build_layer(*target_, sample_tar(1));
  const auto raw = build_image(*source_, "s", "linux/amd64", {layer});
  oci::Manifest manifest = oci::parse_manifest(raw.bytes);
  std::string config = read_blob(*source_, manifest.config);
  config.replace(config.find("A=1"), 3, "A=2");
  manifest.config = write_blob(*target_, oci::kOciConfig, config);
  put_document(*target_, "t", oci::kOciManifest, oci::to_json(manifest));
  const CheckReport report = check("s", "t");
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].path, "config");
  EXPECT_EQ(report.differences[0].field, "Env");
}

TEST_F(CheckImagesTest, platforms_without_a_partner_are_notes) {
  build_two_platforms(*source_, "v1");
  request_.platforms = {oci::Platform::parse("linux/amd64")};
  want("estargz", "out");
  run();
  request_.platforms.clear();
  // The target is an index of one image, the source has two.
  const CheckReport report = check("v1", "out");
  EXPECT_TRUE(report.equal());
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("only the source has an image for linux/arm64")));
}

TEST_F(CheckImagesTest, nothing_in_common_is_an_error_and_not_success) {
  build_two_platforms(*source_, "v1");
  const auto image = build_image(*target_, "", "linux/s390x", {build_layer(*target_, sample_tar(1))});
  put_index(*target_, "t", {as_child(image, "linux/s390x")});
  EXPECT_THROW(check("v1", "t"), ConfigError);
}

TEST_F(CheckImagesTest, two_single_images_of_other_platforms_differ_in_their_config) {
  build_image(*source_, "s", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  build_image(*target_, "t", "linux/arm64", {build_layer(*target_, sample_tar(1))});
  const CheckReport report = check("s", "t");
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].field, "architecture");
}

TEST_F(CheckImagesTest, damaged_blob_and_wrong_diff_id_name_side_and_layer) {
  const BuiltLayer layer = build_layer(*source_, sample_tar(1));
  build_image(*source_, "s", "linux/amd64", {layer});
  BuiltLayer liar = build_layer(*target_, sample_tar(1));
  liar.diff_id = hash::sha256(as_bytes("x"));
  build_image(*target_, "t", "linux/amd64", {liar});
  try {
    check("s", "t");
    FAIL() << "nothing was thrown";
  } catch (const DigestMismatch& error) {
    EXPECT_THAT(error.what(), HasSubstr("target t: linux/amd64: layer " + liar.descriptor.digest.short_string()));
    EXPECT_EQ(std::string(error.what()).find("layer"), std::string(error.what()).rfind("layer sha256"))
        << "said once: " << error.what();
  }
}

TEST_F(CheckImagesTest, foreign_layer_both_only_have_urls_for_is_a_note) {
  BuiltLayer foreign = build_layer(*source_, sample_tar(1));
  foreign.descriptor.media_type = oci::kOciForeignLayerGzip;
  foreign.descriptor.digest = hash::sha256(as_bytes("elsewhere"));
  foreign.descriptor.urls = {"https://example.invalid/layer"};
  build_image(*source_, "v1", "linux/amd64", {foreign, build_layer(*source_, sample_tar(2))});
  const TargetReport report = convert("estargz");
  EXPECT_THAT(report.notes, Contains(HasSubstr("holds only its URLs")));
  EXPECT_THAT(check("v1", "out").notes, ElementsAre(HasSubstr("was not compared")));
}

TEST_F(CheckImagesTest, many_layers_and_threads_build_the_same_tree) {
  std::vector<BuiltLayer> layers;
  for (std::uint32_t i = 0; i < 40; ++i) {
    TarBuilder tar;
    tar.file("shared", "version " + std::to_string(i));
    for (int file = 0; file < 300; ++file) tar.file("f" + std::to_string(i) + "/" + std::to_string(file), "x");
    layers.push_back(build_layer(*source_, tar.end().text()));
  }
  build_image(*source_, "v1", "linux/amd64", layers);
  for (const std::size_t jobs : {1U, 8U}) {
    environment_.jobs = jobs;
    convert("zstdchunked");
  }
}

TEST_F(CheckImagesTest, entry_with_a_bad_path_names_its_layer) {
  TarBuilder tar;
  tar.file("../escape", "x").end();
  const BuiltLayer bad = build_layer(*source_, tar.text());
  build_image(*source_, "s", "linux/amd64", {bad});
  build_image(*target_, "t", "linux/amd64", {build_layer(*target_, sample_tar(1))});
  try {
    check("s", "t");
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("layer " + bad.descriptor.digest.short_string()));
    EXPECT_THAT(error.what(), HasSubstr("escape"));
  }
}

}  // namespace
}  // namespace accel::convert
