/// The documents of a converted image: configs, manifests and indexes, made from the source's and the converted layers.
/// Does no I/O. Spec: service.md section 4, corrections 2, 13, 16, 17.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "accel/convert/image.hpp"
#include "accel/convert/image_layer.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/planner.hpp"
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

struct AssembleOptions {
  bool harbor_annotation = false;             ///< service.md section 13
  bool twin = false;                          ///< make the twin (formats::Capabilities::twin_tag_suffix)
  const ImageLayers* image_layers = nullptr;  ///< images' own layers; null: there are none
};

/// Makes the image of target number `target` of `plan`; `layers` has one result for each of `plan.layers`.
/// Whatever does not change keeps its bytes and its digest; unknown JSON members survive.
TargetImage assemble(const Image& source, const Plan& plan, std::size_t target,
                     const std::vector<ConvertedLayer>& layers, const AssembleOptions& options);

/// Bytes of manifests, configs and layers of all images of `image`, as often as they occur.
std::uint64_t image_size(const Image& image);

}  // namespace accel::convert
