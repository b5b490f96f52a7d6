/// Records and cache images for the tests of this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/cache/annotation.hpp"
#include "accel/cache/cache_image.hpp"
#include "accel/cache/update.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "support/sample_image.hpp"

namespace accel::testing {

inline const oci::Platform kAmd64 = oci::Platform::parse("linux/amd64");
inline const oci::Platform kArm64 = oci::Platform::parse("linux/arm64");

inline constexpr std::string_view kNydusBlob = "application/vnd.oci.image.layer.nydus.blob.v1";

inline hash::Digest digest_of(std::string_view text) { return hash::sha256(as_bytes(text)); }

/// The record of a layer called `name`, made with `options`. Its target blob is the text "target `name`".
inline cache::LayerRecord make_record(const std::string& name, const std::string& options = "nydus/1",
                                      std::uint64_t last_use = 0) {
  cache::LayerRecord record;
  record.key = {digest_of("source " + name), cache::fingerprint_of(options)};
  record.format = options.substr(0, options.find('/'));
  record.target = oci::describe(record.format == "nydus" ? kNydusBlob : oci::kOciLayerGzip, "target " + name);
  record.target.annotations = {{"containerd.io/snapshot/nydus-blob", "true"}};
  record.source_diff_id = digest_of("source diff " + name);
  record.diff_id = record.target.digest;
  record.uncompressed_size = 12;
  record.last_use = last_use;
  return record;
}

/// A layer as the reference system writes it.
inline oci::Descriptor reference_layer(const std::string& name) {
  oci::Descriptor layer = oci::describe(kNydusBlob, "target " + name);
  layer.annotations = {{"containerd.io/snapshot/nydus-blob", "true"},
                       {std::string(cache::kSourceDigestKey), digest_of("source " + name).to_string()}};
  return layer;
}

inline oci::Manifest reference_manifest(const std::vector<std::string>& names, const std::string& version = "v1",
                                        std::string_view media_type = oci::kOciManifest) {
  oci::Manifest manifest;
  manifest.media_type = media_type;
  manifest.config = cache::empty_config();
  for (const std::string& name : names) manifest.layers.push_back(reference_layer(name));
  if (!version.empty()) manifest.annotations[std::string(cache::kVersionKey)] = version;
  return manifest;
}

/// Names of layers by the digests of their records' sources.
inline std::vector<std::string> names_of(const std::vector<cache::LayerRecord>& records,
                                         const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const cache::LayerRecord& record : records) {
    std::string name = "?";
    for (const std::string& one : names) {
      if (record.key.source == digest_of("source " + one)) name = one;
    }
    found.push_back(name);
  }
  return found;
}

/// What is in the repository after `update` was stored there under `tag`.
inline void put_update(oci::Repository& repository, const std::string& tag, const cache::Update& update) {
  for (const oci::RawManifest& manifest : update.manifests) repository.put_manifest(manifest, "", {});
  repository.put_manifest(update.root, tag, {});
}

}  // namespace accel::testing
