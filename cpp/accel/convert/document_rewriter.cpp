#include "accel/convert/document_rewriter.hpp"

#include <map>
#include <utility>

#include "accel/convert/layer_descriptor.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

oci::Descriptor DocumentRewriter::rewrite(const ImageNode& node) {
  switch (node.kind) {
    case ImageNode::Kind::index:
      return rewrite_children(node);
    case ImageNode::Kind::image:
      return rewrite_image(node);
    case ImageNode::Kind::attestation:
    case ImageNode::Kind::other:
      break;
  }
  return carry_along(node, node.manifest);
}

oci::Descriptor DocumentRewriter::rewrite_children(const ImageNode& node) {
  oci::Index index = node.index;
  index.media_type = mapped(index.media_type);
  rewrite_index(node, index);
  index.manifests.assign(node.children.size(), {});
  std::map<hash::Digest, oci::Descriptor> rewritten;  // source digest → what stands for it here
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (node.children[i].kind == ImageNode::Kind::attestation) continue;
    index.manifests[i] = rewrite(node.children[i]);
    rewritten.emplace(node.children[i].descriptor.digest, index.manifests[i]);
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const ImageNode& child = node.children[i];
    if (child.kind == ImageNode::Kind::attestation) {
      index.manifests[i] = rewrite_attestation(child, rewritten.at(child.described()));
    }
  }
  return add_document(node, index == node.index ? node.bytes : oci::to_json(index), image_.indexes);
}

oci::Descriptor DocumentRewriter::rewrite_attestation(const ImageNode& node, const oci::Descriptor& described) {
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

oci::Descriptor DocumentRewriter::rewrite_config(const ImageNode& node, const oci::ImageConfig& config) {
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

/// A manifest whose blobs stay as they are; `manifest` is node.manifest with changes, if any.
oci::Descriptor DocumentRewriter::carry_along(const ImageNode& node, oci::Manifest manifest) {
  manifest.media_type = mapped(manifest.media_type);
  manifest.config.media_type = mapped(manifest.config.media_type);
  take_over(manifest.config);
  for (const oci::Descriptor& layer : manifest.layers) take_over(layer);
  return add_document(node, manifest == node.manifest ? node.bytes : oci::to_json(manifest), image_.manifests);
}

oci::Descriptor DocumentRewriter::add_document(const ImageNode& node, std::string bytes,
                                               std::vector<oci::RawManifest>& to) {
  oci::Descriptor descriptor = node.descriptor;
  descriptor.media_type = mapped(descriptor.media_type);
  const oci::Descriptor described = oci::describe(descriptor.media_type, bytes);
  set_content(descriptor, described);
  to.push_back({described, std::move(bytes)});
  return descriptor;
}

void DocumentRewriter::take_over(const oci::Descriptor& blob) {
  if (taken_over_.insert(blob.digest).second) image_.taken_over.push_back(blob);
}

std::string DocumentRewriter::mapped(const std::string& media_type) const {
  return to_oci_ ? oci::docker_to_oci(media_type) : media_type;
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
