#include "accel/convert/image.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/crypt/ocicrypt.hpp"
#include "accel/io/memory.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kMaxIndexDepth = 4;      // an index of indexes exists in the wild, deeper ones are hostile
constexpr std::size_t kMaxChildren = 1000;     // of one index; the largest public ones have about 40
constexpr std::size_t kParallelDocuments = 4;  // small requests: latency counts, not bandwidth

bool is_attestation(const oci::Descriptor& descriptor) {
  const auto found = descriptor.annotations.find(std::string(oci::kReferenceTypeAnnotation));
  return found != descriptor.annotations.end() && found->second == oci::kAttestationManifest;
}

/// BuildKit writes unknown/unknown for what has no platform.
bool has_platform(const oci::Descriptor& descriptor) {
  return descriptor.platform && !descriptor.platform->os.empty() && descriptor.platform->os != "unknown";
}

/// Reads the documents below a root, remembering what it left out.
class DocumentReader {
 public:
  DocumentReader(oci::Repository& repository, const std::vector<oci::Platform>& platforms)
      : repository_(repository), platforms_(platforms) {}

  ImageNode read_root(const std::string& tag_or_digest, const CancelToken& cancel) {
    oci::RawManifest raw = repository_.get_manifest(tag_or_digest, cancel);
    ImageNode root;
    root.descriptor = raw.descriptor;
    root.bytes = std::move(raw.bytes);
    fill(root, 0, cancel);
    if (root.kind == ImageNode::Kind::other || root.kind == ImageNode::Kind::attestation) {
      throw UnsupportedError(
          repository_.name() + ": " + root.descriptor.digest.short_string() + " is no container image but " +
          (root.manifest.artifact_type.empty() ? root.manifest.config.media_type : root.manifest.artifact_type));
    }
    if (root.kind == ImageNode::Kind::image && !is_wanted(root.platform, platforms_)) {
      skip_platform(root.platform);
      throw_no_platform();
    }
    if (root.kind == ImageNode::Kind::index && count_images(root) == 0) throw_no_platform();
    return root;
  }

  /// What was left out and why, in a fixed order.
  std::vector<std::string> take_notes() {
    std::sort(notes_.begin(), notes_.end());
    return std::move(notes_);
  }

 private:
  static std::size_t count_images(const ImageNode& node) {
    if (node.kind == ImageNode::Kind::image) return 1;
    std::size_t count = 0;
    for (const ImageNode& child : node.children) count += count_images(child);
    return count;
  }

  [[noreturn]] void throw_no_platform() const {
    std::string wanted, present;
    for (const oci::Platform& platform : platforms_) wanted += (wanted.empty() ? "" : ", ") + platform.to_string();
    for (const std::string& platform : skipped_platforms_) present += (present.empty() ? "" : ", ") + platform;
    if (platforms_.empty()) throw FormatError(repository_.name() + ": the index names no container image");
    throw ConfigError(repository_.name() + ": no image for " + wanted,
                      present.empty() ? "the index names no image at all" : "it has " + present);
  }

  void fill(ImageNode& node, std::size_t depth, const CancelToken& cancel) {
    if (oci::is_index(node.descriptor.media_type)) {
      fill_index(node, depth, cancel);
    } else if (oci::is_manifest(node.descriptor.media_type)) {
      fill_manifest(node, cancel);
    } else {
      throw UnsupportedError("manifest " + node.descriptor.digest.short_string() + " has media type '" +
                                 node.descriptor.media_type + "', which is no image manifest or index",
                             "OCI images and Docker schema 2 are read");
    }
  }

  void fill_index(ImageNode& node, std::size_t depth, const CancelToken& cancel) {
    if (depth >= kMaxIndexDepth) {
      throw FormatError("index " + node.descriptor.digest.short_string() + ": indexes nest deeper than " +
                        std::to_string(kMaxIndexDepth));
    }
    node.kind = ImageNode::Kind::index;
    node.index = oci::parse_index(node.bytes);
    if (node.index.manifests.size() > kMaxChildren) {
      throw FormatError("index " + node.descriptor.digest.short_string() + " has " +
                        std::to_string(node.index.manifests.size()) + " children, more than " +
                        std::to_string(kMaxChildren));
    }
    std::vector<ImageNode> children;
    for (const oci::Descriptor& descriptor : node.index.manifests) {
      if (!is_attestation(descriptor) && has_platform(descriptor) && !is_wanted(*descriptor.platform, platforms_)) {
        skip_platform(*descriptor.platform);
      } else {
        children.emplace_back().descriptor = descriptor;
      }
    }
    run_parallel(children.size(), depth == 0 ? kParallelDocuments : 1, cancel,
                 [&](std::size_t i, const CancelToken& token) { read_child(children[i], depth, token); });
    keep_wanted(node, std::move(children));
  }

  void read_child(ImageNode& child, std::size_t depth, const CancelToken& cancel) {
    with_context("manifest " + child.descriptor.digest.short_string(), [&] {
      oci::RawManifest raw = repository_.get_manifest(child.descriptor.digest.to_string(), cancel);
      if (raw.descriptor.size != child.descriptor.size) {
        throw FormatError("the index says " + std::to_string(child.descriptor.size) + " bytes, the manifest has " +
                          std::to_string(raw.descriptor.size));
      }
      child.bytes = std::move(raw.bytes);
      if (child.descriptor.media_type.empty()) child.descriptor.media_type = raw.descriptor.media_type;
      fill(child, depth + 1, cancel);
    });
  }

  /// Moves the children that are wanted into `node`: those without a platform in the index are judged by their config,
  /// attestations by what they describe.
  void keep_wanted(ImageNode& node, std::vector<ImageNode> children) {
    std::set<hash::Digest> kept;
    for (const ImageNode& child : children) {
      if (child.kind == ImageNode::Kind::image && is_wanted(child.platform, platforms_)) {
        kept.insert(child.descriptor.digest);
      }
    }
    for (ImageNode& child : children) {
      if (child.kind == ImageNode::Kind::image && !kept.contains(child.descriptor.digest)) {
        skip_platform(child.platform);
      } else if (child.kind == ImageNode::Kind::index && count_images(child) == 0 && !platforms_.empty()) {
        continue;
      } else if (child.kind == ImageNode::Kind::attestation && !kept.contains(child.described())) {
        add_note("attestation " + child.descriptor.digest.short_string() +
                 " is left out: the manifest it describes is not among the wanted ones");
      } else {
        node.children.push_back(std::move(child));
      }
    }
  }

  void fill_manifest(ImageNode& node, const CancelToken& cancel) {
    node.manifest = oci::parse_manifest(node.bytes);
    if (is_attestation(node.descriptor)) {
      node.kind = ImageNode::Kind::attestation;
      return;
    }
    if (!oci::is_config(node.manifest.config.media_type) || !node.manifest.artifact_type.empty()) {
      node.kind = ImageNode::Kind::other;
      return;
    }
    node.kind = ImageNode::Kind::image;
    with_context("config " + node.manifest.config.digest.short_string(), [&] {
      node.config_json = read_small_blob(repository_, node.manifest.config, oci::kMaxManifestBytes, cancel);
      node.config = oci::parse_config(node.config_json);
      if (node.config.diff_ids.size() != node.manifest.layers.size()) {
        throw FormatError("rootfs.diff_ids has " + std::to_string(node.config.diff_ids.size()) +
                              " entries, but the manifest has " + std::to_string(node.manifest.layers.size()) +
                              " layers",
                          "config and manifest do not belong together; build the image again and push it");
      }
    });
    node.platform = has_platform(node.descriptor) ? *node.descriptor.platform : node.config.platform;
    const std::size_t history = oci::non_empty_history(node.config);
    if (history != 0 && history != node.manifest.layers.size()) {
      // No tool refuses that, and nothing but `docker history` looks at it: it stays as it is.
      add_note(node.platform.to_string() + ": the config's history has " + std::to_string(history) + " entries for " +
               std::to_string(node.manifest.layers.size()) + " layers; it is kept as it is");
    }
  }

  void add_note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }

  void skip_platform(const oci::Platform& platform) {
    const std::lock_guard lock(mutex_);
    skipped_platforms_.insert(platform.to_string());
  }

  oci::Repository& repository_;
  const std::vector<oci::Platform>& platforms_;
  std::mutex mutex_;  // children are read side by side
  std::set<std::string> skipped_platforms_;
  std::vector<std::string> notes_;
};

void collect_images(const ImageNode& node, std::vector<const ImageNode*>& images) {
  if (node.kind == ImageNode::Kind::image) images.push_back(&node);
  for (const ImageNode& child : node.children) collect_images(child, images);
}

}  // namespace

hash::Digest ImageNode::described() const {
  const auto found = descriptor.annotations.find(std::string(oci::kReferenceDigestAnnotation));
  return found == descriptor.annotations.end() ? hash::Digest() : hash::Digest::try_parse(found->second);
}

std::vector<const ImageNode*> Image::images() const {
  std::vector<const ImageNode*> images;
  collect_images(root, images);
  return images;
}

void refuse_encrypted(const oci::Descriptor& layer) {
  if (!crypt::is_encrypted(layer.media_type)) return;
  throw UnsupportedError("layer " + layer.digest.short_string() + " is encrypted",
                         "decrypt the image first: accelctl copy --decrypt-key FILE SOURCE TARGET");
}

void refuse_encrypted(const ImageNode& image) {
  for (const oci::Descriptor& layer : image.manifest.layers) refuse_encrypted(layer);
}

std::string read_small_blob(oci::Repository& repository, const oci::Descriptor& blob, std::size_t limit,
                            const CancelToken& cancel) {
  if (blob.size > limit) {
    throw FormatError("blob " + blob.digest.short_string() + " has " + std::to_string(blob.size) +
                      " bytes, more than " + std::to_string(limit));
  }
  const auto stream = repository.open_blob(blob, cancel);
  return to_string(io::read_all(*stream, limit));
}

Image read_image(oci::Repository& repository, const std::string& tag_or_digest,
                 const std::vector<oci::Platform>& platforms, const CancelToken& cancel) {
  DocumentReader reader(repository, platforms);
  Image image;
  image.root = reader.read_root(tag_or_digest, cancel);
  image.notes = reader.take_notes();
  return image;
}

}  // namespace accel::convert
