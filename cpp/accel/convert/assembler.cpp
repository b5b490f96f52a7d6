#include "accel/convert/assembler.hpp"

#include <map>
#include <set>
#include <utility>

#include "accel/base/json.hpp"
#include "accel/convert/harbor_annotation.hpp"
#include "accel/convert/layer_descriptor.hpp"
#include "accel/convert/merged_source.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

class Assembler final : public DocumentRewriter {
 public:
  Assembler(const Plan& plan, std::size_t target, const std::vector<ConvertedLayer>& layers,
            const AssembleOptions& options)
      : DocumentRewriter(plan.targets[target].to_oci),
        plan_(plan),
        target_(plan.targets[target]),
        wanted_(target_.format->image_options()),
        layers_(layers),
        options_(options) {}

  TargetImage run(const ImageNode& root) {
    if (wanted_.merge_manifest && has_image_layers()) {
      image_.root = merge(root);
    } else if (is_unwrapped(root)) {
      static_cast<void>(rewrite_image(root.children.front()));
      image_.root = image_.manifests.back().descriptor;
    } else {
      image_.root = rewrite(root);
    }
    image_.unchanged = image_.root.digest == root.descriptor.digest;
    return std::move(image_);
  }

 private:
  void rewrite_index(const ImageNode& node, oci::Index& index) override {
    if (wanted_.with_referrer) index.subject = subject_for(node);
  }

  oci::Descriptor rewrite_image(const ImageNode& node) override {
    oci::Manifest manifest = node.manifest;
    manifest.media_type = mapped(manifest.media_type);
    oci::ImageConfig config = node.config;
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
      manifest.layers[i] = convert_layer(node, manifest.layers[i], config.diff_ids[i]);
    }
    const MadeImageLayer* own = own_layer(node);
    if (own != nullptr) add_image_layer(*own, manifest, config);
    for (const oci::Descriptor& layer : manifest.layers) image_.size += layer.size;
    manifest.config = rewrite_config(node, config);
    image_.size += manifest.config.size;
    if (wanted_.with_referrer) manifest.subject = subject_for(node);
    if (options_.harbor_annotation) {
      manifest.annotations[std::string(kHarborDriverName)] = target_.driver;
      manifest.annotations[std::string(kHarborDriverVersion)] = ACCEL_VERSION;
      manifest.annotations[std::string(kHarborSourceDigest)] = node.descriptor.digest.to_string();
    }
    if (own != nullptr && wanted_.merge_manifest) manifest.config.media_type = kMergedConfigType;
    oci::Descriptor descriptor =
        add_document(node, manifest == node.manifest ? node.bytes : oci::to_json(manifest), image_.manifests);
    image_.size += descriptor.size;
    return descriptor;
  }

  [[nodiscard]] bool has_image_layers() const {
    return options_.image_layers != nullptr && !options_.image_layers->empty();
  }
  [[nodiscard]] const MadeImageLayer* own_layer(const ImageNode& node) const {
    if (options_.image_layers == nullptr) return nullptr;
    const auto found = options_.image_layers->find(&node);
    return found == options_.image_layers->end() ? nullptr : &found->second;
  }

  /// An index that ends up with one manifest is published as that manifest (service.md section 5).
  [[nodiscard]] bool is_unwrapped(const ImageNode& root) const {
    return has_image_layers() && root.kind == ImageNode::Kind::index && root.children.size() == 1 &&
           root.children.front().kind == ImageNode::Kind::image;
  }

  /// What the converted counterpart of `node` points to: service.md section 5, `with_referrer`.
  static oci::Descriptor subject_for(const ImageNode& node) {
    oci::Descriptor subject;
    subject.media_type = node.descriptor.media_type;
    subject.digest = node.descriptor.digest;
    subject.size = node.descriptor.size;
    return subject;
  }

  /// Puts the image's own layer behind its converted ones (which a backend holds instead of the image, if there is
  /// one).
  void add_image_layer(const MadeImageLayer& own, oci::Manifest& manifest, oci::ImageConfig& config) const {
    // A consistent history has one entry a layer; none stays none (correction 16).
    const bool has_history = !config.history.empty();
    const formats::ImageResult& result = own.result;
    const auto add = [&](oci::Descriptor layer, const hash::Digest& diff_id, const std::string& comment) {
      manifest.layers.push_back(std::move(layer));
      config.diff_ids.push_back(diff_id);
      if (has_history) config.history.push_back(history_entry(result.created_by, comment));
    };
    if (!wanted_.backend_type.empty()) {
      manifest.layers.clear();
      config.diff_ids.clear();
      config.history.clear();
    } else {
      for (const oci::Descriptor& blob : result.foreign_blobs) add(blob, blob.digest, "Blob of the chunk dictionary");
    }
    add(own.descriptor, result.layer.diff_id, result.comment);
    for (const auto& [key, value] : result.manifest_annotations) manifest.annotations[key] = value;
  }

  static oci::History history_entry(const std::string& created_by, const std::string& comment) {
    return {R"({"created_by":)" + json::quote(created_by) + R"(,"comment":)" + json::quote(comment) + "}", false};
  }

  oci::Descriptor convert_layer(const ImageNode& node, const oci::Descriptor& source, hash::Digest& diff_id) {
    const ConvertedLayer& layer = layers_[plan_.find(source)];
    oci::Descriptor descriptor = as_target(source, target_.to_oci);
    if (layer.action == LayerAction::convert) {
      describe_converted(descriptor, layer, options_.twin);
      if (!layer.result.diff_id.empty()) diff_id = layer.result.diff_id;
    } else if (layer.action == LayerAction::keep) {
      take_over(source);
    }
    image_.layers.push_back({node.platform.to_string(), source.digest.to_string(), descriptor.digest.to_string(),
                             source.size, descriptor.size, layer.action != LayerAction::convert || layer.cached});
    return descriptor;
  }

  /// An index of the source image, changed so that it shares no layers with the plain one, and of the converted image.
  oci::Descriptor merge(const ImageNode& root) {
    oci::Index index = root.kind == ImageNode::Kind::index ? root.index : oci::Index{};
    index.media_type = oci::kOciIndex;
    index.manifests.clear();
    if (wanted_.with_referrer) index.subject = subject_for(root);
    std::vector<const ImageNode*> nodes;
    if (root.kind == ImageNode::Kind::index) {
      for (const ImageNode& child : root.children) nodes.push_back(&child);
    } else {
      nodes.push_back(&root);
    }
    std::map<hash::Digest, oci::Descriptor> kept;
    for (const ImageNode* node : nodes) {
      if (node->kind == ImageNode::Kind::attestation) continue;
      kept.emplace(node->descriptor.digest, node->kind == ImageNode::Kind::image ? keep_source(*node) : rewrite(*node));
    }
    for (const ImageNode* node : nodes) {
      index.manifests.push_back(node->kind == ImageNode::Kind::attestation
                                    ? rewrite_attestation(*node, kept.at(node->described()))
                                    : kept.at(node->descriptor.digest));
    }
    for (const ImageNode* node : nodes) {
      if (node->kind != ImageNode::Kind::image) continue;
      oci::Descriptor converted = rewrite_image(*node);
      converted.artifact_type = kMergedArtifactType;
      if (!converted.platform) converted.platform = node->platform;
      index.manifests.push_back(std::move(converted));
    }
    oci::RawManifest document;
    document.bytes = oci::to_json(index);
    document.descriptor = oci::describe(oci::kOciIndex, document.bytes);
    image_.indexes.push_back(document);
    return document.descriptor;
  }

  /// The source manifest in a merged index.
  oci::Descriptor keep_source(const ImageNode& node) {
    MergedSource merged = merge_source(node, target_.to_oci);
    for (const oci::Descriptor& layer : node.manifest.layers) take_over(layer);
    for (NewBlob* blob : {&merged.empty_layer, &merged.config}) {
      if (made_.insert(blob->descriptor.digest).second) image_.configs.push_back(std::move(*blob));
    }
    image_.manifests.push_back(std::move(merged.manifest));
    return merged.descriptor;
  }

  const Plan& plan_;
  const PlannedTarget& target_;
  const formats::ImageOptions wanted_;
  const std::vector<ConvertedLayer>& layers_;
  const AssembleOptions& options_;
  std::set<hash::Digest> made_;  // blobs of kept source images
};

}  // namespace

TargetImage assemble(const Image& source, const Plan& plan, std::size_t target,
                     const std::vector<ConvertedLayer>& layers, const AssembleOptions& options) {
  return Assembler(plan, target, layers, options).run(source.root);
}

}  // namespace accel::convert
