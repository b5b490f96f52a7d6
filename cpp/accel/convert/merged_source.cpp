#include "accel/convert/merged_source.hpp"

#include <array>
#include <string>

#include "accel/convert/layer_descriptor.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::string_view kEmptyLayerAnnotation = "containerd.io/snapshot/nydus-empty-layer";
constexpr std::string_view kEmptyLayerHistory = R"({"created_by":"Nydus Converter","comment":"Nydus Empty Layer"})";
constexpr int kGzipLevel = 6;

/// The end of an archive and nothing before it.
constexpr std::array<std::byte, 1024> kEmptyTar{};

NewBlob empty_layer(std::string_view media_type) {
  Buffer bytes;
  codec::make_gzip_encoder(kGzipLevel)->encode(kEmptyTar, bytes);
  NewBlob blob{oci::describe(media_type, as_text(bytes.view())), to_string(bytes.view())};
  blob.descriptor.annotations[std::string(kEmptyLayerAnnotation)] = "true";
  return blob;
}

}  // namespace

MergedSource merge_source(const ImageNode& image, bool to_oci) {
  const auto mapped = [&](const std::string& type) { return to_oci ? oci::docker_to_oci(type) : type; };
  MergedSource merged;
  oci::Manifest manifest = image.manifest;
  manifest.media_type = mapped(image.descriptor.media_type);
  for (oci::Descriptor& layer : manifest.layers) layer.media_type = mapped(layer.media_type);
  const bool is_docker = oci::is_docker(manifest.media_type);
  merged.empty_layer = empty_layer(is_docker ? oci::kDockerLayerGzip : oci::kOciLayerGzip);
  manifest.layers.insert(manifest.layers.begin(), merged.empty_layer.descriptor);

  oci::ImageConfig config = image.config;
  config.diff_ids.insert(config.diff_ids.begin(), hash::sha256(kEmptyTar));
  if (!config.history.empty()) config.history.insert(config.history.begin(), {std::string(kEmptyLayerHistory), false});
  merged.config.bytes = oci::to_json(config, false);
  merged.config.descriptor = manifest.config;
  merged.config.descriptor.media_type = mapped(manifest.config.media_type);
  set_content(merged.config.descriptor, oci::describe("", merged.config.bytes));
  manifest.config = merged.config.descriptor;

  const std::string key(formats::nydus::kSourceDigestAnnotation);
  manifest.annotations[key] = image.descriptor.digest.to_string();
  merged.manifest.bytes = oci::to_json(manifest);
  merged.manifest.descriptor = oci::describe(manifest.media_type, merged.manifest.bytes);
  merged.descriptor = image.descriptor;
  merged.descriptor.media_type = manifest.media_type;
  set_content(merged.descriptor, merged.manifest.descriptor);
  merged.descriptor.annotations[key] = image.descriptor.digest.to_string();
  if (!merged.descriptor.platform) merged.descriptor.platform = image.platform;
  return merged;
}

}  // namespace accel::convert
