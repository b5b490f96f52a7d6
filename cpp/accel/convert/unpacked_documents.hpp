/// The documents of an image whose layers were turned back into ordinary ones. Does no I/O.
#pragma once

#include <map>
#include <vector>

#include "accel/convert/document_rewriter.hpp"
#include "accel/convert/image.hpp"
#include "accel/formats/format.hpp"

namespace accel::convert {

/// An ordinary layer that was made.
struct UnpackedLayer {
  oci::Descriptor blob;  ///< media type, digest and size
  hash::Digest diff_id;
};

/// What one image becomes.
struct UnpackedImage {
  const formats::ImageUnpacker* unpacker = nullptr;
  std::vector<UnpackedLayer> layers;  ///< one for each of the unpacker's, or the only one
};

/// By source image; images that are not in it stay as they are.
using UnpackedImages = std::map<const ImageNode*, UnpackedImage>;

/// Makes the documents: OCI media types; layers, diffIDs and history without what the format added, and without its
/// annotations and Harbor's; no subject, because the result is an image of its own. Where all layers became one, the
/// entries of the history stay, for reading, as those of empty layers.
TargetImage unpacked_documents(const Image& source, const UnpackedImages& unpacked);

}  // namespace accel::convert
