/// An image's documents as its repository holds them: index, manifests and configs, parsed, with their bytes.
#pragma once

#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/oci/config.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// One document of an image and, for an index, what lies below it.
struct ImageNode {
  enum class Kind : unsigned char {
    index,        ///< `index` and `children` are set
    image,        ///< `manifest`, `config_json`, `config` and `platform` are set
    attestation,  ///< `manifest` is set: BuildKit's child that describes another one (service.md section 4)
    other         ///< `manifest` is set: an artifact that is no container image
  };
  Kind kind = Kind::image;
  oci::Descriptor descriptor;  ///< as the parent index has it; of the root: type, digest and size only
  std::string bytes;           ///< the document
  oci::Index index;
  std::vector<ImageNode> children;  ///< those that were wanted, in index order
  oci::Manifest manifest;
  std::string config_json;
  oci::ImageConfig config;
  oci::Platform platform;  ///< of the descriptor, else of the config

  /// Digest of the manifest an attestation describes; empty when it does not say.
  [[nodiscard]] hash::Digest described() const;
};

/// What `read_image` gives.
struct Image {
  ImageNode root;
  std::vector<std::string> notes;  ///< what was left out and why

  /// All nodes of kind image, in index order. Valid while `root` is not changed.
  [[nodiscard]] std::vector<const ImageNode*> images() const;
};

/// Reads the documents of the image that `tag_or_digest` names, children side by side. Children of other platforms
/// than `platforms` (empty: all) are left out, and attestations with them.
///
/// Throws NotFound; FormatError for documents that contradict themselves (number of layers and diffIDs);
/// UnsupportedError for media types that belong to no image, naming them; ConfigError when no platform matches, naming
/// those there are.
Image read_image(oci::Repository& repository, const std::string& tag_or_digest,
                 const std::vector<oci::Platform>& platforms, const CancelToken& cancel);

/// Throws UnsupportedError, which says what to do, when the layer is encrypted.
void refuse_encrypted(const oci::Descriptor& layer);
/// The same for all layers of an image.
void refuse_encrypted(const ImageNode& image);

/// A blob's bytes, digest and size verified. Throws FormatError when `blob.size` is above `limit`.
std::string read_small_blob(oci::Repository& repository, const oci::Descriptor& blob, std::size_t limit,
                            const CancelToken& cancel);

}  // namespace accel::convert
