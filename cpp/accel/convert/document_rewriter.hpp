/// The documents of an image made anew around images that change: what does not change keeps its bytes and its digest,
/// unknown JSON members survive. Does no I/O. Spec: service.md section 4, correction 2.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "accel/convert/image.hpp"
#include "accel/convert/request.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::convert {

/// A blob made here.
struct NewBlob {
  oci::Descriptor descriptor;
  std::string bytes;
};

/// Everything one target's image consists of besides its converted layers, which are in the target already.
struct TargetImage {
  std::vector<NewBlob> configs;             ///< rewritten ones
  std::vector<oci::Descriptor> taken_over;  ///< blobs of the source that stay as they are, each once
  std::vector<oci::RawManifest> manifests;  ///< refer to blobs only; any order
  std::vector<oci::RawManifest> indexes;    ///< children before parents
  oci::Descriptor root;                     ///< of the last index, else of the only manifest
  std::uint64_t size = 0;                   ///< manifests, configs and layers of all images, as often as they occur
  std::vector<LayerReport> layers;          ///< of all images, in order
  bool unchanged = false;                   ///< byte for byte the source image

  /// The root's bytes.
  [[nodiscard]] const oci::RawManifest& root_document() const {
    return indexes.empty() ? manifests.back() : indexes.back();
  }
};

/// Bytes of manifests, configs and layers of all images of `image`, as often as they occur.
std::uint64_t image_size(const Image& image);

/// Walks the documents; what becomes of an image is for those who derive from it.
class DocumentRewriter {
 public:
  virtual ~DocumentRewriter() = default;

 protected:
  /// With `to_oci`, Docker media types become OCI ones.
  explicit DocumentRewriter(bool to_oci) : to_oci_(to_oci) {}

  /// Writes the documents of an image and returns its descriptor, in an index that of `node` with changes.
  virtual oci::Descriptor rewrite_image(const ImageNode& node) = 0;
  /// Changes to an index besides its children.
  virtual void rewrite_index(const ImageNode&, oci::Index&) {}

  /// Writes the documents of a node and what lies below it; returns its descriptor.
  oci::Descriptor rewrite(const ImageNode& node);
  /// Attestations name the manifest they describe; its counterpart `described` takes that place.
  oci::Descriptor rewrite_attestation(const ImageNode& node, const oci::Descriptor& described);
  /// The config with the diffIDs and history of `config`: taken over as it is when these are the same.
  oci::Descriptor rewrite_config(const ImageNode& node, const oci::ImageConfig& config);
  /// Adds the document that `node` becomes.
  oci::Descriptor add_document(const ImageNode& node, std::string bytes, std::vector<oci::RawManifest>& to);
  /// A blob of the source that is needed as it is.
  void take_over(const oci::Descriptor& blob);
  [[nodiscard]] std::string mapped(const std::string& media_type) const;

  TargetImage image_;

 private:
  oci::Descriptor rewrite_children(const ImageNode& node);
  oci::Descriptor carry_along(const ImageNode& node, oci::Manifest manifest);

  const bool to_oci_;
  std::set<hash::Digest> taken_over_;
};

}  // namespace accel::convert
