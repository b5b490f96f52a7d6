/// Makes small but real images in any repository, for the tests of this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/oci/repository.hpp"
#include "support/sample_image.hpp"
#include "support/tar_builder.hpp"

namespace accel::testing {

/// A stored layer and what the config says of it.
struct BuiltLayer {
  oci::Descriptor descriptor;
  hash::Digest diff_id;
};

/// Text that compresses somewhat and is different for each seed.
inline std::string sample_text(std::size_t size, std::uint32_t seed) {
  std::string text;
  text.reserve(size);
  for (std::uint32_t x = seed; text.size() < size;) {
    x = x * 1664525U + 1013904223U;
    text.push_back(static_cast<char>('a' + (x >> 28U)));
  }
  return text;
}

/// A layer with a directory, files of several sizes, links and an empty file; different for each seed.
inline std::string sample_tar(std::uint32_t seed, std::size_t big_file = 300'000) {
  const std::string dir = "dir" + std::to_string(seed);
  TarBuilder tar;
  tar.directory(dir + "/").file(dir + "/small", "seed " + std::to_string(seed)).file(dir + "/empty");
  tar.file(dir + "/big", sample_text(big_file, seed)).symlink(dir + "/link", "small");
  tar.hardlink(dir + "/hard", dir + "/small").end();
  return tar.text();
}

inline std::string compress(std::string_view bytes, codec::Compression compression) {
  if (compression == codec::Compression::none) return std::string(bytes);
  const auto encoder =
      compression == codec::Compression::gzip ? codec::make_gzip_encoder(6) : codec::make_zstd_encoder(3);
  Buffer out;
  encoder->encode(as_bytes(bytes), out);
  return to_string(out.view());
}

inline std::string_view oci_media_type(codec::Compression compression) {
  if (compression == codec::Compression::none) return oci::kOciLayer;
  return compression == codec::Compression::gzip ? oci::kOciLayerGzip : oci::kOciLayerZstd;
}

inline BuiltLayer build_layer(oci::Repository& repository, std::string_view tar,
                              codec::Compression compression = codec::Compression::gzip,
                              std::string_view media_type = {}) {
  if (media_type.empty()) media_type = oci_media_type(compression);
  return {write_blob(repository, media_type, compress(tar, compression)), hash::sha256(as_bytes(tar))};
}

inline BuiltLayer build_docker_layer(oci::Repository& repository, std::string_view tar) {
  return build_layer(repository, tar, codec::Compression::gzip, oci::kDockerLayerGzip);
}

/// A config with an Env, a parent image and one history entry a layer.
inline std::string build_config(std::string_view platform, const std::vector<BuiltLayer>& layers) {
  const oci::Platform parsed = oci::Platform::parse(platform);
  std::string ids, history;
  for (const BuiltLayer& layer : layers) {
    ids += (ids.empty() ? "\"" : ",\"") + layer.diff_id.to_string() + "\"";
    history += history.empty() ? "" : ",";
    history += R"({"created_by":"ADD"})";
  }
  const std::string variant = parsed.variant.empty() ? "" : R"("variant":")" + parsed.variant + R"(",)";
  return R"({"architecture":")" + parsed.architecture + R"(","os":")" + parsed.os + R"(",)" + variant +
         R"("config":{"Env":["A=1"],"Cmd":["sh"],"Image":"sha256:parent"},"unknown_member":[1,2],)" +
         R"("rootfs":{"type":"layers","diff_ids":[)" + ids + R"(]},"history":[)" + history + "]}";
}

/// Stores an image. With `docker`, manifest and config have Docker's media types.
inline oci::RawManifest build_image(oci::Repository& repository, const std::string& tag, std::string_view platform,
                                    const std::vector<BuiltLayer>& layers, bool docker = false) {
  oci::Manifest manifest;
  manifest.media_type = docker ? oci::kDockerManifest : oci::kOciManifest;
  manifest.config =
      write_blob(repository, docker ? oci::kDockerConfig : oci::kOciConfig, build_config(platform, layers));
  for (const BuiltLayer& layer : layers) manifest.layers.push_back(layer.descriptor);
  if (!docker) manifest.annotations = {{"org.example.note", "kept"}};
  return put_document(repository, tag, manifest.media_type, oci::to_json(manifest));
}

/// The descriptor of an image as a child of an index.
inline oci::Descriptor as_child(const oci::RawManifest& image, std::string_view platform) {
  oci::Descriptor child = image.descriptor;
  child.platform = oci::Platform::parse(platform);
  child.annotations = {{"org.example.child", std::string(platform)}};
  return child;
}

/// Stores an attestation of `described` as BuildKit writes it and gives its descriptor in an index.
inline oci::Descriptor build_attestation(oci::Repository& repository, const oci::RawManifest& described) {
  oci::Manifest manifest;
  manifest.media_type = oci::kOciManifest;
  manifest.config =
      write_blob(repository, oci::kOciConfig,
                 R"({"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}})");
  manifest.layers = {write_blob(repository, "application/vnd.in-toto+json",
                                R"({"subject":")" + described.descriptor.digest.to_string() + "\"}")};
  oci::Descriptor child = put_document(repository, "", oci::kOciManifest, oci::to_json(manifest)).descriptor;
  child.platform = oci::Platform{"unknown", "unknown", {}, {}, {}, {}};
  child.annotations = {{std::string(oci::kReferenceTypeAnnotation), std::string(oci::kAttestationManifest)},
                       {std::string(oci::kReferenceDigestAnnotation), described.descriptor.digest.to_string()}};
  return child;
}

/// An index of two platforms that share a layer, with an attestation each.
inline oci::RawManifest build_two_platforms(oci::Repository& repository, const std::string& tag) {
  const BuiltLayer shared = build_layer(repository, sample_tar(1));
  const auto amd64 = build_image(repository, "", "linux/amd64", {shared, build_layer(repository, sample_tar(2))});
  const auto arm64 = build_image(repository, "", "linux/arm64",
                                 {shared, build_layer(repository, sample_tar(3), codec::Compression::zstd)});
  return put_index(repository, tag,
                   {as_child(amd64, "linux/amd64"), as_child(arm64, "linux/arm64"),
                    build_attestation(repository, amd64), build_attestation(repository, arm64)});
}

}  // namespace accel::testing
