/// The documents of a converted image: configs, manifests and indexes, made from the source's and the converted layers.
/// Does no I/O. Spec: service.md section 4, corrections 2, 13, 16, 17.
#pragma once

#include <string>
#include <vector>

#include "accel/convert/document_rewriter.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/image_layer.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/planner.hpp"

namespace accel::convert {

struct AssembleOptions {
  bool harbor_annotation = false;             ///< service.md section 13
  bool twin = false;                          ///< make the twin (formats::Capabilities::twin_tag_suffix)
  const ImageLayers* image_layers = nullptr;  ///< images' own layers; null: there are none
};

/// Makes the image of target number `target` of `plan`; `layers` has one result for each of `plan.layers`.
/// Whatever does not change keeps its bytes and its digest; unknown JSON members survive.
TargetImage assemble(const Image& source, const Plan& plan, std::size_t target,
                     const std::vector<ConvertedLayer>& layers, const AssembleOptions& options);

}  // namespace accel::convert
