#include "accel/oci/media_type.hpp"

#include <array>

#include "accel/base/error.hpp"

namespace accel::oci {

namespace {

using codec::Compression;

/// One layer media type and what it says.
struct LayerType {
  std::string_view media_type;
  bool docker;
  bool foreign;
  Compression compression;
};

// The order matters to with_compression: it takes the first row that fits.
constexpr std::array<LayerType, 11> kLayerTypes{{
    {kOciLayer, false, false, Compression::none},
    {kOciLayerGzip, false, false, Compression::gzip},
    {kOciLayerZstd, false, false, Compression::zstd},
    {kOciForeignLayer, false, true, Compression::none},
    {kOciForeignLayerGzip, false, true, Compression::gzip},
    {kOciForeignLayerZstd, false, true, Compression::zstd},
    {kDockerLayer, true, false, Compression::none},
    {kDockerLayerGzip, true, false, Compression::gzip},
    {kDockerLayerZstd, true, false, Compression::zstd},
    {kDockerForeignLayer, true, true, Compression::none},
    {kDockerForeignLayerGzip, true, true, Compression::gzip},
}};

const LayerType* find_layer(std::string_view media_type) noexcept {
  for (const auto& type : kLayerTypes) {
    if (type.media_type == media_type) return &type;
  }
  return nullptr;
}

std::string layer_type(bool docker, bool foreign, Compression compression) {
  for (const auto& type : kLayerTypes) {
    if (type.docker == docker && type.foreign == foreign && type.compression == compression) {
      return std::string(type.media_type);
    }
  }
  return layer_type(false, foreign, compression);  // Docker has no foreign zstd layers; OCI has every combination
}

}  // namespace

bool is_index(std::string_view media_type) noexcept {
  return media_type == kOciIndex || media_type == kDockerManifestList;
}

bool is_manifest(std::string_view media_type) noexcept {
  return media_type == kOciManifest || media_type == kDockerManifest;
}

bool is_config(std::string_view media_type) noexcept { return media_type == kOciConfig || media_type == kDockerConfig; }

bool is_docker(std::string_view media_type) noexcept {
  const LayerType* layer = find_layer(media_type);
  return media_type == kDockerManifestList || media_type == kDockerManifest || media_type == kDockerConfig ||
         (layer != nullptr && layer->docker);
}

bool is_layer(std::string_view media_type) noexcept { return find_layer(media_type) != nullptr; }

bool is_foreign_layer(std::string_view media_type) noexcept {
  const LayerType* layer = find_layer(media_type);
  return layer != nullptr && layer->foreign;
}

std::string with_compression(std::string_view media_type, Compression compression) {
  const LayerType* layer = find_layer(media_type);
  if (layer == nullptr) {
    throw UnsupportedError("media type \"" + std::string(media_type) + "\" is no tar layer",
                           "only images with OCI or Docker layers (tar, tar+gzip, tar+zstd) can be converted");
  }
  // No registry of media types lists Docker's zstd layer, so the OCI type stands in for it.
  const bool docker = layer->docker && compression != Compression::zstd;
  return layer_type(docker, layer->foreign, compression);
}

std::string docker_to_oci(std::string_view media_type) {
  if (media_type == kDockerManifestList) return std::string(kOciIndex);
  if (media_type == kDockerManifest) return std::string(kOciManifest);
  if (media_type == kDockerConfig) return std::string(kOciConfig);
  const LayerType* layer = find_layer(media_type);
  if (layer == nullptr || !layer->docker) return std::string(media_type);
  return layer_type(false, layer->foreign, layer->compression);
}

std::string manifest_accept_header() {
  std::string header;
  for (const auto type : {kOciIndex, kDockerManifestList, kOciManifest, kDockerManifest}) {
    if (!header.empty()) header += ", ";
    header += type;
  }
  return header;
}

}  // namespace accel::oci
