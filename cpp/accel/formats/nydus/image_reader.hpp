/// Reads Nydus images: the bootstrap of all layers together, and the blobs it refers to. Spec: service.md 5.
#pragma once

#include <memory>
#include <vector>

#include "accel/formats/format.hpp"

namespace accel::formats::nydus {

class RafsReader;

/// A reader of the merged file system of the image with these layers; null when none of them is a bootstrap layer. The
/// diffID that `verify` takes is that of the bootstrap layer. Blobs that are no layer of the image (in a backend, or
/// OCI layers that its layers refer to) are asked for with a descriptor of their digest; its size is 0 where nothing
/// says it.
std::unique_ptr<LayerReader> open_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                        const OpenOptions& options);

/// The same for an image that is known to be one of Nydus. Throws FormatError when it has no bootstrap layer.
std::unique_ptr<RafsReader> make_image_reader(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                              const OpenOptions& options);

}  // namespace accel::formats::nydus
