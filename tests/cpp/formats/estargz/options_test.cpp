#include "accel/formats/estargz/options.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/formats/all_formats.hpp"

namespace accel::formats::estargz {
namespace {

TEST(EstargzOptions, defaults_are_those_of_the_spec) {
  const Options options = parse_options({});
  EXPECT_EQ(options.compression, Variant::estargz);
  EXPECT_EQ(options.chunk_size, 4194304U);
  EXPECT_EQ(options.min_chunk_size, 0U);
  EXPECT_FALSE(options.external_toc);
  EXPECT_FALSE(options.keep_diff_id);
  EXPECT_EQ(parse_options({{"chunk_size", "0"}}).chunk_size, 4194304U);
}

TEST(EstargzOptions, configurations_of_the_reference_are_taken) {
  EXPECT_EQ(parse_options({{"docker2oci", "false"}, {"compression", "zstdchunked"}}).compression, Variant::zstdchunked);
}

TEST(EstargzOptions, bad_values_and_combinations_are_refused) {
  for (const OptionValues& values :
       std::vector<OptionValues>{{{"compression", "gzip"}},
                                 {{"compression_level", "13"}},
                                 {{"compression_level", "-1"}},
                                 {{"compression", "zstdchunked"}, {"compression_level", "0"}},
                                 {{"compression", "zstdchunked"}, {"compression_level", "23"}},
                                 {{"compression", "zstdchunked"}, {"external_toc", "true"}},
                                 {{"compression", "zstdchunked"}, {"min_chunk_size", "1000"}},
                                 {{"chunk_size", "511"}},
                                 {{"chunk_size", "33554433"}},
                                 {{"min_chunk_size", "4194305"}},
                                 {{"keep_diff_id", "true"}},
                                 {{"keep_diff_id", "true"}, {"external_toc", "true"}, {"prioritized_files", "a"}},
                                 {{"prioritized_files", "{\"no\":\"path\"}"}},
                                 {{"prioritized_files", "{broken"}},
                                 {{"docker2oci", "perhaps"}},
                                 {{"unknown", "1"}}}) {
    EXPECT_THROW(parse_options(values), ConfigError) << values.begin()->first;
  }
}

TEST(EstargzOptions, prioritised_files_are_paths_or_records_each_once) {
  const Options options = parse_options(
      {{"prioritized_files",
        "# accesses\n/usr/bin/sh\n{\"path\":\"etc/passwd\",\"manifestDigest\":\"sha256:00\",\"layerIndex\":1}\n"
        "./usr/bin/sh\n{\"path\":\"usr/lib/\\u00fc\"}\n"}});
  EXPECT_EQ(options.prioritized_files, (std::vector<std::string>{"/usr/bin/sh", "etc/passwd", "usr/lib/\xc3\xbc"}));
}

TEST(EstargzFormat, every_option_that_changes_output_changes_the_fingerprint) {
  const std::string plain = make_format("estargz", {})->fingerprint();
  const std::map<std::string, OptionValues> changes = {
      {"compression", {{"compression", "zstdchunked"}}},
      {"compression_level", {{"compression_level", "9"}}},
      {"chunk_size", {{"chunk_size", "1048576"}}},
      {"min_chunk_size", {{"min_chunk_size", "50000"}}},
      {"prioritized_files", {{"prioritized_files", "a"}}},
      {"external_toc", {{"external_toc", "true"}}},
      {"keep_diff_id", {{"keep_diff_id", "true"}, {"external_toc", "true"}}},
  };
  for (const OptionField& field : option_table()) {
    if (!field.changes_output) continue;
    ASSERT_TRUE(changes.contains(std::string(field.name))) << field.name;
    EXPECT_NE(make_format("estargz", changes.at(std::string(field.name)))->fingerprint(), plain) << field.name;
  }
  EXPECT_EQ(make_format("estargz", {{"docker2oci", "false"}})->fingerprint(), plain);
  EXPECT_NE(make_format("estargz", {{"prioritized_files", "a\nb"}})->fingerprint(),
            make_format("estargz", {{"prioritized_files", "b\na"}})->fingerprint());
  EXPECT_NE(plain.find("libdeflate-"), std::string::npos) << plain;
}

TEST(EstargzFormat, media_types_follow_the_bytes) {
  const auto format = make_format("estargz", {});
  EXPECT_EQ(format->layer_media_type("application/vnd.oci.image.layer.v1.tar+zstd"),
            "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(format->layer_media_type("application/vnd.docker.image.rootfs.diff.tar"),
            "application/vnd.docker.image.rootfs.diff.tar.gzip");
  EXPECT_THROW(static_cast<void>(format->layer_media_type("text/plain")), UnsupportedError);
}

TEST(EstargzFormat, converted_layers_are_known_by_type_and_annotation) {
  oci::Descriptor layer;
  layer.media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
  layer.annotations = {{"containerd.io/snapshot/stargz/toc.digest", "sha256:00"}};
  EXPECT_TRUE(make_format("estargz", {})->is_converted(layer));
  EXPECT_FALSE(make_format("estargz", {{"external_toc", "true"}})->is_converted(layer));
  EXPECT_FALSE(make_format("estargz", {{"prioritized_files", "a"}})->is_converted(layer));
  EXPECT_FALSE(make_format("estargz", {{"compression", "zstdchunked"}})->is_converted(layer));
  oci::Descriptor zstd = layer;
  zstd.media_type = "application/vnd.oci.image.layer.v1.tar+zstd";
  EXPECT_FALSE(make_format("estargz", {})->is_converted(zstd));
  EXPECT_TRUE(make_format("estargz", {{"compression", "zstdchunked"}})->is_converted(zstd));
  layer.annotations.clear();
  EXPECT_FALSE(make_format("estargz", {})->is_converted(layer));
}

}  // namespace
}  // namespace accel::formats::estargz
