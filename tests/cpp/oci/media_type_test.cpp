#include "accel/oci/media_type.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::oci {
namespace {

using codec::Compression;

TEST(MediaType, each_type_is_of_one_kind) {
  struct Case {
    std::string_view type;
    bool index, manifest, config, layer, docker, foreign;
  };
  const Case cases[] = {
      {kOciIndex, true, false, false, false, false, false},
      {kDockerManifestList, true, false, false, false, true, false},
      {kOciManifest, false, true, false, false, false, false},
      {kDockerManifest, false, true, false, false, true, false},
      {kOciConfig, false, false, true, false, false, false},
      {kDockerConfig, false, false, true, false, true, false},
      {kOciLayer, false, false, false, true, false, false},
      {kOciLayerGzip, false, false, false, true, false, false},
      {kOciLayerZstd, false, false, false, true, false, false},
      {kOciForeignLayer, false, false, false, true, false, true},
      {kOciForeignLayerGzip, false, false, false, true, false, true},
      {kOciForeignLayerZstd, false, false, false, true, false, true},
      {kDockerLayer, false, false, false, true, true, false},
      {kDockerLayerGzip, false, false, false, true, true, false},
      {kDockerLayerZstd, false, false, false, true, true, false},
      {kDockerForeignLayer, false, false, false, true, true, true},
      {kDockerForeignLayerGzip, false, false, false, true, true, true},
      {kOciEmpty, false, false, false, false, false, false},
      {"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", false, false, false, false, false, false},
      {"", false, false, false, false, false, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(is_index(c.type), c.index) << c.type;
    EXPECT_EQ(is_manifest(c.type), c.manifest) << c.type;
    EXPECT_EQ(is_config(c.type), c.config) << c.type;
    EXPECT_EQ(is_layer(c.type), c.layer) << c.type;
    EXPECT_EQ(is_docker(c.type), c.docker) << c.type;
    EXPECT_EQ(is_foreign_layer(c.type), c.foreign) << c.type;
  }
}

TEST(MediaType, compression_changes_within_its_kind) {
  struct Case {
    std::string_view from, none, gzip, zstd;
  };
  const Case cases[] = {
      {kOciLayerGzip, kOciLayer, kOciLayerGzip, kOciLayerZstd},
      {kOciForeignLayer, kOciForeignLayer, kOciForeignLayerGzip, kOciForeignLayerZstd},
      {kDockerLayerGzip, kDockerLayer, kDockerLayerGzip, kOciLayerZstd},
      {kDockerLayerZstd, kDockerLayer, kDockerLayerGzip, kOciLayerZstd},
      {kDockerForeignLayerGzip, kDockerForeignLayer, kDockerForeignLayerGzip, kOciForeignLayerZstd},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(with_compression(c.from, Compression::none), c.none) << c.from;
    EXPECT_EQ(with_compression(c.from, Compression::gzip), c.gzip) << c.from;
    EXPECT_EQ(with_compression(c.from, Compression::zstd), c.zstd) << c.from;
  }
}

TEST(MediaType, compression_of_what_is_no_layer_is_refused_by_name) {
  try {
    with_compression("application/example", Compression::gzip);
    FAIL() << "no error";
  } catch (const UnsupportedError& error) {
    EXPECT_NE(std::string(error.what()).find("\"application/example\""), std::string::npos);
  }
}

TEST(MediaType, docker_types_have_oci_counterparts) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {kDockerManifestList, kOciIndex},
      {kDockerManifest, kOciManifest},
      {kDockerConfig, kOciConfig},
      {kDockerLayer, kOciLayer},
      {kDockerLayerGzip, kOciLayerGzip},
      {kDockerLayerZstd, kOciLayerZstd},
      {kDockerForeignLayer, kOciForeignLayer},
      {kDockerForeignLayerGzip, kOciForeignLayerGzip},
      {kOciLayerGzip, kOciLayerGzip},
      {"application/example", "application/example"},
  };
  for (const auto& [docker, oci] : cases) EXPECT_EQ(docker_to_oci(docker), oci) << docker;
}

TEST(MediaType, accept_header_names_all_indexes_and_manifests) {
  EXPECT_EQ(manifest_accept_header(),
            "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
            "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json");
}

}  // namespace
}  // namespace accel::oci
