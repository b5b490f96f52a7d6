#include "accel/convert/assembler.hpp"

#include <map>
#include <set>
#include <utility>

#include "accel/base/json.hpp"
#include "accel/convert/layer_descriptor.hpp"
#include "accel/convert/merged_source.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

// Shown by Harbor beside the artifact. Spec: service.md section 13.
constexpr std::string_view kHarborDriverName = "io.goharbor.artifact.v1alpha1.acceleration.driver.name";
constexpr std::string_view kHarborDriverVersion = "io.goharbor.artifact.v1alpha1.acceleration.driver.version";
constexpr std::string_view kHarborSourceDigest = "io.goharbor.artifact.v1alpha1.acceleration.source.digest";

class Assembler {
 public:
  Assembler(const Plan& plan, std::size_t target, const std::vector<ConvertedLayer>& layers,
            const AssembleOptions& options)
      : plan_(plan),
        target_(plan.targets[target]),
        wanted_(target_.format->image_options()),
        layers_(layers),
        options_(options) {}

  TargetImage run(const ImageNode& root) {
    if (wanted_.merge_manifest && has_image_layers()) {
      image_.root = merge(root);
    } else if (is_unwrapped(root)) {
      image_.root = convert_image(root.children.front());
      image_.root = image_.manifests.back().descriptor;
    } else {
      image_.root = convert(root);
    }
    image_.unchanged = image_.root.digest == root.descriptor.digest;
    return std::move(image_);
  }

 private:
  /// Converts a node and what lies below it; returns its descriptor.
  oci::Descriptor convert(const ImageNode& node) {
    switch (node.kind) {
      case ImageNode::Kind::index:
        return convert_index(node);
      case ImageNode::Kind::image:
        return convert_image(node);
      case ImageNode::Kind::attestation:
      case ImageNode::Kind::other:
        break;
    }
    return carry_along(node, node.manifest);
  }

  oci::Descriptor convert_index(const ImageNode& node) {
    oci::Index index = node.index;
    index.media_type = mapped(index.media_type);
    if (wanted_.with_referrer) index.subject = subject_for(node);
    index.manifests.assign(node.children.size(), {});
    std::map<hash::Digest, oci::Descriptor> converted;  // source digest → what stands for it here
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (node.children[i].kind == ImageNode::Kind::attestation) continue;
      index.manifests[i] = convert(node.children[i]);
      converted.emplace(node.children[i].descriptor.digest, index.manifests[i]);
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const ImageNode& child = node.children[i];
      if (child.kind == ImageNode::Kind::attestation) {
        index.manifests[i] = convert_attestation(child, converted.at(child.described()));
      }
    }
    return add_document(node, index == node.index ? node.bytes : oci::to_json(index), image_.indexes);
  }

  oci::Descriptor convert_image(const ImageNode& node) {
    oci::Manifest manifest = node.manifest;
    manifest.media_type = mapped(manifest.media_type);
    oci::ImageConfig config = node.config;
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
      manifest.layers[i] = convert_layer(node, manifest.layers[i], config.diff_ids[i]);
    }
    const MadeImageLayer* own = own_layer(node);
    if (own != nullptr) add_image_layer(*own, manifest, config);
    for (const oci::Descriptor& layer : manifest.layers) image_.size += layer.size;
    manifest.config = convert_config(node, std::move(config));
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
                             source.size, descriptor.size, layer.action != LayerAction::convert});
    return descriptor;
  }

  oci::Descriptor convert_config(const ImageNode& node, oci::ImageConfig config) {
    oci::Descriptor descriptor = node.manifest.config;
    descriptor.media_type = mapped(descriptor.media_type);
    if (config.diff_ids == node.config.diff_ids) {
      take_over(node.manifest.config);
      return descriptor;
    }
    std::string json = oci::to_json(config, true);
    set_content(descriptor, oci::describe(descriptor.media_type, json));
    image_.configs.push_back({descriptor, std::move(json)});
    return descriptor;
  }

  /// Attestations name the manifest they describe; its converted counterpart takes that place (correction 2).
  oci::Descriptor convert_attestation(const ImageNode& node, const oci::Descriptor& described) {
    oci::Manifest manifest = node.manifest;
    const std::string key(oci::kReferenceDigestAnnotation);
    if (manifest.annotations.contains(key)) manifest.annotations[key] = described.digest.to_string();
    if (manifest.subject && manifest.subject->digest == node.described()) {
      manifest.subject->media_type = described.media_type;
      set_content(*manifest.subject, described);
    }
    oci::Descriptor descriptor = carry_along(node, manifest);
    descriptor.annotations[key] = described.digest.to_string();
    return descriptor;
  }

  /// A manifest whose blobs stay as they are; `manifest` is node.manifest with changes, if any.
  oci::Descriptor carry_along(const ImageNode& node, oci::Manifest manifest) {
    manifest.media_type = mapped(manifest.media_type);
    manifest.config.media_type = mapped(manifest.config.media_type);
    take_over(manifest.config);
    for (const oci::Descriptor& layer : manifest.layers) take_over(layer);
    return add_document(node, manifest == node.manifest ? node.bytes : oci::to_json(manifest), image_.manifests);
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
      kept.emplace(node->descriptor.digest, node->kind == ImageNode::Kind::image ? keep_source(*node) : convert(*node));
    }
    for (const ImageNode* node : nodes) {
      index.manifests.push_back(node->kind == ImageNode::Kind::attestation
                                    ? convert_attestation(*node, kept.at(node->described()))
                                    : kept.at(node->descriptor.digest));
    }
    for (const ImageNode* node : nodes) {
      if (node->kind != ImageNode::Kind::image) continue;
      oci::Descriptor converted = convert_image(*node);
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
      if (taken_over_.insert(blob->descriptor.digest).second) image_.configs.push_back(std::move(*blob));
    }
    image_.manifests.push_back(std::move(merged.manifest));
    return merged.descriptor;
  }

  oci::Descriptor add_document(const ImageNode& node, std::string bytes, std::vector<oci::RawManifest>& to) {
    oci::Descriptor descriptor = node.descriptor;
    descriptor.media_type = mapped(descriptor.media_type);
    const oci::Descriptor described = oci::describe(descriptor.media_type, bytes);
    set_content(descriptor, described);
    to.push_back({described, std::move(bytes)});
    return descriptor;
  }

  void take_over(const oci::Descriptor& blob) {
    if (taken_over_.insert(blob.digest).second) image_.taken_over.push_back(blob);
  }

  [[nodiscard]] std::string mapped(const std::string& media_type) const {
    return target_.to_oci ? oci::docker_to_oci(media_type) : media_type;
  }

  const Plan& plan_;
  const PlannedTarget& target_;
  const formats::ImageOptions wanted_;
  const std::vector<ConvertedLayer>& layers_;
  const AssembleOptions& options_;
  TargetImage image_;
  std::set<hash::Digest> taken_over_;
};

}  // namespace

TargetImage assemble(const Image& source, const Plan& plan, std::size_t target,
                     const std::vector<ConvertedLayer>& layers, const AssembleOptions& options) {
  return Assembler(plan, target, layers, options).run(source.root);
}

std::uint64_t image_size(const Image& image) {
  std::uint64_t size = 0;
  for (const ImageNode* node : image.images()) {
    size += node->descriptor.size + node->manifest.config.size;
    for (const oci::Descriptor& layer : node->manifest.layers) size += layer.size;
  }
  return size;
}

}  // namespace accel::convert
