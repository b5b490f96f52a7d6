#include "accel/formats/zstdchunked/options.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/formats/all_formats.hpp"

namespace accel::formats::zstdchunked {
namespace {

TEST(ZstdChunkedOptions, defaults_are_those_of_the_reference) {
  const Options options = parse_options({});
  EXPECT_EQ(options.dialect, Dialect::stargz);
  EXPECT_EQ(options.compression_level, 3);
  EXPECT_EQ(options.chunk_size, 4194304U);
}

TEST(ZstdChunkedOptions, bad_values_and_combinations_are_refused) {
  for (const OptionValues& values : std::vector<OptionValues>{{{"dialect", "podman"}},
                                                              {{"compression_level", "0"}},
                                                              {{"compression_level", "23"}},
                                                              {{"publish", "both"}},
                                                              {{"publish", "stargz"}, {"dialect", "containers"}},
                                                              {{"publish", "podman"}, {"dialect", "joint"}},
                                                              {{"dialect", "joint"}, {"chunk_size", "1000"}},
                                                              {{"dialect", "containers"}, {"prioritized_files", "a"}},
                                                              {{"min_chunk_size", "1"}}}) {
    EXPECT_THROW(parse_options(values), ConfigError) << values.begin()->first;
  }
}

TEST(ZstdChunkedFormat, every_option_that_changes_output_changes_the_fingerprint) {
  const std::string plain = make_format("zstdchunked", {})->fingerprint();
  const std::map<std::string, OptionValues> changes = {
      {"dialect", {{"dialect", "containers"}}},
      {"publish", {{"dialect", "joint"}, {"publish", "stargz"}}},
      {"compression_level", {{"compression_level", "4"}}},
      {"chunk_size", {{"chunk_size", "1048576"}}},
      {"prioritized_files", {{"prioritized_files", "a"}}},
  };
  for (const OptionField& field : option_table()) {
    EXPECT_NE(make_format("zstdchunked", changes.at(std::string(field.name)))->fingerprint(), plain) << field.name;
  }
  EXPECT_NE(make_format("zstdchunked", {{"dialect", "joint"}})->fingerprint(),
            make_format("zstdchunked", changes.at("publish"))->fingerprint());
  // The reference's way to the same format gives the same layers, so caches may share them.
  EXPECT_EQ(make_format("estargz", {{"compression", "zstdchunked"}})->fingerprint(), plain);
  EXPECT_EQ(make_format("estargz", {{"compression", "zstdchunked"}})->name(), "estargz");
}

TEST(ZstdChunkedFormat, capabilities_follow_the_dialect) {
  EXPECT_FALSE(make_format("zstdchunked", {})->capabilities().keeps_diff_ids);
  EXPECT_TRUE(make_format("zstdchunked", {{"dialect", "containers"}})->capabilities().keeps_diff_ids);
  EXPECT_EQ(make_format("zstdchunked", {{"dialect", "joint"}})->capabilities().twin_tag_suffix, "-containers");
  EXPECT_EQ(make_format("zstdchunked", {{"dialect", "joint"}, {"publish", "stargz"}})->capabilities().twin_tag_suffix,
            "");
  EXPECT_TRUE(make_format("zstdchunked", {})->capabilities().needs_oci);
}

TEST(ZstdChunkedFormat, docker_layers_become_oci_layers) {
  EXPECT_EQ(make_format("zstdchunked", {})->layer_media_type("application/vnd.docker.image.rootfs.diff.tar.gzip"),
            "application/vnd.oci.image.layer.v1.tar+zstd");
}

TEST(ZstdChunkedFormat, converted_layers_are_known_by_their_annotations) {
  oci::Descriptor layer;
  layer.media_type = "application/vnd.oci.image.layer.v1.tar+zstd";
  layer.annotations = {{"io.github.containers.zstd-chunked.manifest-checksum", "sha256:00"},
                       {"io.github.containers.zstd-chunked.manifest-position", "1:2:3:1"},
                       {"io.github.containers.zstd-chunked.tarsplit-position", "1:2:3"}};
  const auto containers = make_format("zstdchunked", {{"dialect", "containers"}});
  const auto stargz = make_format("zstdchunked", {});
  EXPECT_TRUE(containers->is_converted(layer));
  EXPECT_FALSE(stargz->is_converted(layer));
  EXPECT_FALSE(make_format("zstdchunked", {{"dialect", "joint"}})->is_converted(layer));
  layer.annotations.emplace("containerd.io/snapshot/stargz/toc.digest", "sha256:00");
  EXPECT_FALSE(containers->is_converted(layer));
  EXPECT_TRUE(stargz->is_converted(layer));
}

}  // namespace
}  // namespace accel::formats::zstdchunked
