/// Media types of OCI image-spec and Docker schema 2, and what they say.
#pragma once

#include <string>
#include <string_view>

#include "accel/codec/codec.hpp"

namespace accel::oci {

inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kOciForeignLayer = "application/vnd.oci.image.layer.nondistributable.v1.tar";
inline constexpr std::string_view kOciForeignLayerGzip = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
inline constexpr std::string_view kOciForeignLayerZstd = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
inline constexpr std::string_view kOciEmpty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kDockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view kDockerLayerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd";
inline constexpr std::string_view kDockerForeignLayerGzip = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
inline constexpr std::string_view kDockerForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar";

bool is_index(std::string_view media_type) noexcept;     ///< OCI index or Docker manifest list
bool is_manifest(std::string_view media_type) noexcept;  ///< OCI or Docker image manifest
bool is_config(std::string_view media_type) noexcept;    ///< OCI or Docker image config
bool is_docker(std::string_view media_type) noexcept;    ///< any Docker schema 2 type
bool is_layer(std::string_view media_type) noexcept;     ///< a tar layer of any compression, foreign ones too
bool is_foreign_layer(std::string_view media_type) noexcept;

/// The same kind (distributable or foreign, OCI or Docker) with `compression`; Docker zstd becomes OCI zstd, the
/// only registered form. Throws UnsupportedError when `media_type` is no layer type, naming it.
std::string with_compression(std::string_view media_type, codec::Compression compression);

/// Docker index, manifest, config and layer types mapped to OCI; everything else unchanged.
std::string docker_to_oci(std::string_view media_type);

/// The value of the Accept header for manifests: all index and manifest types.
std::string manifest_accept_header();

}  // namespace accel::oci
