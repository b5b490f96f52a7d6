#include "accel/convert/unpacked_documents.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/json.hpp"
#include "accel/convert/harbor_annotation.hpp"
#include "accel/convert/layer_descriptor.hpp"
#include "accel/oci/json.hpp"

namespace accel::convert {

namespace {

constexpr std::string_view kOneLayerHistory = R"({"created_by":"accelctl","comment":"all layers in one"})";

class Documents final : public DocumentRewriter {
 public:
  explicit Documents(const UnpackedImages& unpacked) : DocumentRewriter(true), unpacked_(unpacked) {}

  TargetImage run(const ImageNode& root) {
    image_.root = rewrite(root);
    return std::move(image_);
  }

 private:
  void rewrite_index(const ImageNode&, oci::Index& index) override { index.subject.reset(); }

  oci::Descriptor rewrite_image(const ImageNode& node) override {
    oci::Manifest manifest = node.manifest;
    manifest.media_type = mapped(manifest.media_type);
    oci::ImageConfig config = node.config;
    oci::Descriptor descriptor;
    if (const auto found = unpacked_.find(&node); found != unpacked_.end()) {
      replace_layers(node, found->second, manifest, config);
    } else {
      keep_layers(node, manifest);
    }
    for (const oci::Descriptor& layer : manifest.layers) image_.size += layer.size;
    manifest.config = rewrite_config(node, config);
    image_.size += manifest.config.size;
    descriptor = add_document(node, manifest == node.manifest ? node.bytes : oci::to_json(manifest), image_.manifests);
    image_.size += descriptor.size;
    return descriptor;
  }

  void replace_layers(const ImageNode& node, const UnpackedImage& unpacked, oci::Manifest& manifest,
                      oci::ImageConfig& config) {
    const std::vector<oci::Descriptor>& sources = unpacked.unpacker->layers();
    const std::vector<std::string>& annotations = unpacked.unpacker->annotations();
    manifest.layers.clear();
    config.diff_ids.clear();
    for (std::size_t i = 0; i < unpacked.layers.size(); ++i) {
      const UnpackedLayer& made = unpacked.layers[i];
      oci::Descriptor layer = sources.empty() ? oci::Descriptor() : sources[i];
      report_layer(node, sources.empty() ? node.manifest.layers.back() : layer, made.blob);
      layer.media_type = made.blob.media_type;
      layer.urls.clear();
      set_content(layer, made.blob);
      drop_annotations(layer.annotations, annotations);
      manifest.layers.push_back(std::move(layer));
      config.diff_ids.push_back(made.diff_id);
    }
    drop_annotations(manifest.annotations, annotations);
    drop_annotations(manifest.annotations, {std::string(kHarborDriverName), std::string(kHarborDriverVersion),
                                            std::string(kHarborSourceDigest)});
    manifest.subject.reset();
    if (sources.empty()) {
      hide_history(config.history);
    } else {
      shorten_history(config.history, sources.size());
    }
  }

  void keep_layers(const ImageNode& node, oci::Manifest& manifest) {
    for (oci::Descriptor& layer : manifest.layers) {
      take_over(layer);
      report_layer(node, layer, layer);
      layer.media_type = mapped(layer.media_type);
    }
  }

  void report_layer(const ImageNode& node, const oci::Descriptor& source, const oci::Descriptor& made) {
    image_.layers.push_back({node.platform.to_string(), source.digest.to_string(), made.digest.to_string(), source.size,
                             made.size, source.digest == made.digest});
  }

  /// Drops the entries of layers behind the first `layers`: those that the format added.
  static void shorten_history(std::vector<oci::History>& history, std::size_t layers) {
    std::size_t seen = 0;
    std::erase_if(history, [&](const oci::History& entry) { return !entry.empty_layer && ++seen > layers; });
  }

  /// One entry for the only layer, behind those of the source's layers but that of the image's own layer, the last.
  static void hide_history(std::vector<oci::History>& history) {
    if (history.empty()) return;
    const auto last =
        std::find_if(history.rbegin(), history.rend(), [](const auto& entry) { return !entry.empty_layer; });
    if (last != history.rend()) history.erase(std::next(last).base());
    for (oci::History& entry : history) {
      if (entry.empty_layer) continue;
      json::ObjectWriter hidden;
      const json::Object members = json::parse(entry.json, "history entry").object();
      for (const auto& member : members.members()) {
        if (member.name != "empty_layer") hidden.add(member.name, std::string(members.value(member).raw()));
      }
      hidden.add("empty_layer", "true");
      entry = {hidden.finish(), true};
    }
    history.push_back({std::string(kOneLayerHistory), false});
  }

  const UnpackedImages& unpacked_;
};

}  // namespace

TargetImage unpacked_documents(const Image& source, const UnpackedImages& unpacked) {
  return Documents(unpacked).run(source.root);
}

}  // namespace accel::convert
