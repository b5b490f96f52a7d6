#include "accel/convert/conversion.hpp"

#include <gmock/gmock.h>

#include "accel/base/error.hpp"
#include "convert/conversion_fixture.hpp"

namespace accel::convert {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::SizeIs;

constexpr std::string_view kTocDigest = "containerd.io/snapshot/stargz/toc.digest";

using ConversionTest = ConversionFixture;

struct Driver {
  const char* name;
  formats::OptionValues options;
};

const std::vector<Driver> kDrivers = {{"estargz", {}},
                                      {"estargz", {{"external_toc", "true"}, {"keep_diff_id", "true"}}},
                                      {"zstdchunked", {}},
                                      {"zstdchunked", {{"dialect", "containers"}}},
                                      {"zstdchunked", {{"dialect", "joint"}}}};

TEST_F(ConversionTest, sources_of_every_kind_become_every_format_and_stay_what_they_are) {
  const auto none = codec::Compression::none, gzip = codec::Compression::gzip, zstd = codec::Compression::zstd;
  build_image(*source_, "oci", "linux/amd64",
              {build_layer(*source_, sample_tar(1), none), build_layer(*source_, sample_tar(2), gzip),
               build_layer(*source_, sample_tar(3), zstd)});
  build_image(*source_, "docker", "linux/amd64", {build_docker_layer(*source_, sample_tar(4))}, true);
  build_two_platforms(*source_, "index");
  for (const Driver& driver : kDrivers) {
    for (const char* tag : {"oci", "docker", "index"}) {
      const TargetReport report = convert(driver.name, tag, driver.options);
      EXPECT_EQ(report.digest, target_->get_manifest("out", {}).descriptor.digest.to_string());
      EXPECT_FALSE(report.skipped);
      EXPECT_FALSE(oci::is_docker(report.media_type));
      EXPECT_FALSE(report.layers.empty());
      for (const LayerReport& layer : report.layers) {
        EXPECT_NE(layer.source_digest, layer.target_digest);
        EXPECT_GT(layer.target_size, 0U);
        EXPECT_FALSE(layer.cached);
      }
    }
  }
}

TEST_F(ConversionTest, both_formats_in_one_pass_read_the_source_once_and_equal_two_runs) {
  build_two_platforms(*source_, "v1");
  want("estargz", "a");
  want("zstdchunked", "b");
  const ConvertReport both = run();
  std::uint64_t layer_bytes = 0;
  for (const LayerReport& layer : both.targets[0].layers) layer_bytes += layer.source_size;
  EXPECT_LT(both.bytes_read, layer_bytes) << "the layer both platforms share is read once";
  EXPECT_EQ(convert("estargz").digest, both.targets[0].digest);
  EXPECT_EQ(convert("zstdchunked").digest, both.targets[1].digest);
}

TEST_F(ConversionTest, result_does_not_depend_on_the_number_of_jobs) {
  std::vector<BuiltLayer> layers;
  for (std::uint32_t i = 0; i < 5; ++i) layers.push_back(build_layer(*source_, sample_tar(i, 700'000)));
  build_image(*source_, "v1", "linux/amd64", layers);
  for (const Driver& driver : kDrivers) {
    std::string first;
    for (const std::size_t jobs : {1U, 2U, 7U}) {
      environment_.jobs = jobs;
      const std::string digest = convert(driver.name, "v1", driver.options).digest;
      if (first.empty()) first = digest;
      EXPECT_EQ(digest, first) << driver.name << " with " << jobs << " jobs";
    }
  }
}

TEST_F(ConversionTest, images_with_many_repeated_and_empty_layers) {
  std::vector<BuiltLayer> layers;
  const BuiltLayer repeated = build_layer(*source_, sample_tar(0));
  TarBuilder empty;
  empty.end();
  for (std::uint32_t i = 1; i <= 60; ++i) {
    layers.push_back(build_layer(*source_, sample_tar(i, 1000)));
    layers.push_back(i % 3 == 0 ? build_layer(*source_, empty.text()) : repeated);
  }
  build_image(*source_, "v1", "linux/amd64", layers);
  for (const char* driver : {"estargz", "zstdchunked"}) {
    EXPECT_THAT(convert(driver).layers, SizeIs(120));
    EXPECT_THAT(target_manifest("out").layers, SizeIs(120));
  }
}

TEST_F(ConversionTest, image_without_layers_is_converted) {
  build_image(*source_, "v1", "linux/amd64", {});
  want("estargz", "out");
  EXPECT_THAT(run().targets.at(0).layers, SizeIs(0));
}

TEST_F(ConversionTest, whiteouts_and_replaced_types_keep_their_meaning) {
  TarBuilder base, top;
  base.directory("d/").file("d/gone", "1").file("d/kept", "2").directory("opaque/").file("opaque/old", "3");
  base.file("was_file", "4").directory("was_dir/").file("was_dir/x", "5").end();
  top.file("d/.wh.gone")
      .file("opaque/.wh..wh..opq")
      .file("opaque/new", "6")
      .directory("was_file/")
      .file("was_dir", "7");
  top.end();
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, base.text()), build_layer(*source_, top.text())});
  for (const Driver& driver : kDrivers) convert(driver.name, "v1", driver.options);
}

TEST_F(ConversionTest, layer_that_cannot_stream_is_staged) {
  TarBuilder tar;
  tar.file("a", "old").hardlink("b", "a").file("a", sample_text(100'000, 1)).end();
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, tar.text())});
  convert("zstdchunked");
}

TEST_F(ConversionTest, converted_image_is_taken_over_as_it_is) {
  build_two_platforms(*source_, "v1");
  convert("estargz");
  std::swap(source_, target_);
  const TargetReport report = convert("estargz", "out");
  EXPECT_TRUE(report.skipped);
  EXPECT_EQ(report.digest, source_->get_manifest("out", {}).descriptor.digest.to_string());
  for (const LayerReport& layer : report.layers) EXPECT_TRUE(layer.cached);
  EXPECT_THAT(report.notes, Contains(HasSubstr("already is estargz")));
}

TEST_F(ConversionTest, converted_layers_below_a_new_one_are_kept) {
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  convert("estargz");
  const oci::Manifest converted = target_manifest("out");
  const auto config = oci::parse_config(read_blob(*target_, converted.config));
  std::swap(source_, target_);
  build_image(*source_, "v2", "linux/amd64",
              {{converted.layers[0], config.diff_ids[0]}, build_layer(*source_, sample_tar(2))});
  const TargetReport report = convert("estargz", "v2");
  EXPECT_FALSE(report.skipped);
  EXPECT_TRUE(report.layers[0].cached);
  EXPECT_FALSE(report.layers[1].cached);
  EXPECT_EQ(target_manifest("out").layers[0], converted.layers[0]);
}

TEST_F(ConversionTest, layer_that_only_claims_to_be_converted_is_converted_anew) {
  BuiltLayer liar = build_layer(*source_, sample_tar(1));
  liar.descriptor.annotations[std::string(kTocDigest)] = hash::sha256(as_bytes("toc")).to_string();
  build_image(*source_, "v1", "linux/amd64", {liar});
  request_.verify = true;
  want("estargz", "out");
  const TargetReport report = run().targets.at(0);
  EXPECT_FALSE(report.layers[0].cached);
  EXPECT_THAT(report.notes, Contains(HasSubstr("converted anew")));
  EXPECT_NE(target_manifest("out").layers[0].annotations.at(std::string(kTocDigest)),
            liar.descriptor.annotations.at(std::string(kTocDigest)));
}

TEST_F(ConversionTest, external_tocs_are_an_image_beside) {
  build_two_platforms(*source_, "v1");
  convert("estargz", "v1", {{"external_toc", "true"}});
  const oci::Manifest tocs = target_manifest("out-esgztoc");
  EXPECT_THAT(tocs.layers, SizeIs(3)) << "one for each distinct layer of both platforms";
  for (const oci::Descriptor& toc : tocs.layers) EXPECT_FALSE(read_blob(*target_, toc).empty());
}

TEST_F(ConversionTest, layer_kept_with_an_external_toc_brings_it_along) {
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  convert("estargz", "v1", {{"external_toc", "true"}});
  std::swap(source_, target_);
  target_ = store::make_memory_repository("third");
  EXPECT_TRUE(convert("estargz", "out").layers.at(0).cached);
  EXPECT_THAT(target_manifest("out-esgztoc").layers, SizeIs(1));
}

TEST_F(ConversionTest, joint_image_has_a_twin_for_the_other_clients) {
  build_image(*source_, "v1", "linux/amd64", {build_layer(*source_, sample_tar(1))});
  convert("zstdchunked", "v1", {{"dialect", "joint"}});
  const oci::Manifest stargz = target_manifest("out"), containers = target_manifest("out-containers");
  EXPECT_EQ(stargz.layers[0].digest, containers.layers[0].digest);
  EXPECT_EQ(stargz.config, containers.config);
  EXPECT_THAT(stargz.layers[0].annotations, Contains(Key(std::string(kTocDigest))));
  EXPECT_THAT(containers.layers[0].annotations, ::testing::Not(Contains(Key(std::string(kTocDigest)))));
  expect_equal("v1", "out-containers");
}

TEST_F(ConversionTest, wanted_platform_alone_is_converted) {
  build_two_platforms(*source_, "v1");
  request_.platforms = {oci::Platform::parse("linux/arm64")};
  const TargetReport report = convert("estargz");
  for (const LayerReport& layer : report.layers) EXPECT_EQ(layer.platform, "linux/arm64");
  EXPECT_THAT(report.notes, Contains(HasSubstr("attestation")));
}

TEST_F(ConversionTest, dry_run_says_what_would_be_done_and_writes_nothing) {
  build_two_platforms(*source_, "v1");
  request_.dry_run = true;
  want("estargz", "out");
  const ConvertReport report = run();
  ASSERT_THAT(report.targets, SizeIs(1));
  EXPECT_TRUE(report.targets[0].skipped);
  EXPECT_THAT(report.targets[0].layers, SizeIs(4));
  for (const LayerReport& layer : report.targets[0].layers) EXPECT_EQ(layer.target_size, 0U);
  EXPECT_EQ(report.bytes_read, 0U);
  EXPECT_THROW(target_->get_manifest("out", {}), NotFound);
}

TEST_F(ConversionTest, report_adds_up) {
  const BuiltLayer layer = build_layer(*source_, sample_tar(1));
  const auto raw = build_image(*source_, "v1", "linux/amd64", {layer});
  want("estargz", "out");
  const ConvertReport report = run();
  const oci::Manifest source = oci::parse_manifest(raw.bytes);
  EXPECT_EQ(report.source_digest, raw.descriptor.digest.to_string());
  EXPECT_EQ(report.source_size, raw.bytes.size() + source.config.size + layer.descriptor.size);
  EXPECT_EQ(report.bytes_read, layer.descriptor.size);
  const oci::RawManifest out = target_->get_manifest("out", {});
  const oci::Manifest manifest = oci::parse_manifest(out.bytes);
  EXPECT_EQ(report.targets[0].size, out.bytes.size() + manifest.config.size + manifest.layers[0].size);
  EXPECT_EQ(report.bytes_written, report.targets[0].size);
  EXPECT_GT(report.total.count(), 0);
  EXPECT_LE(report.convert, report.total);
}

TEST_F(ConversionTest, wrong_option_is_refused_before_anything_is_read) {
  want("estargz", "out", {{"compresion_level", "3"}});
  EXPECT_THROW(make_formats(request_), ConfigError);
}

}  // namespace
}  // namespace accel::convert
