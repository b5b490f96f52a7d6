/// Reads Nydus layers, our own and others': RAFS blobs with a bootstrap inside. Spec: nydus-blob.md 3.
#pragma once

#include <memory>

#include "accel/formats/format.hpp"

namespace accel::formats::nydus {

class RafsReader;

/// A reader when annotations or media type say that `layer` is a RAFS blob, or its last bytes are those of one; else
/// null. Whiteouts are ordinary entries. What a layer needs of other blobs (chunks of a dictionary, the OCI layer that
/// it refers to) is asked for through OpenOptions::other_blobs.
std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options);

/// The same for a layer that is known to be a RAFS blob with a bootstrap inside.
std::unique_ptr<RafsReader> make_layer_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                              const OpenOptions& options);

}  // namespace accel::formats::nydus
