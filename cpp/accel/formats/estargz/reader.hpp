/// Reads eStargz layers, our own and others': footer, TOC inside or outside of the blob. Spec: estargz.md 6 to 8.
#pragma once

#include <memory>

#include "accel/formats/format.hpp"

namespace accel::formats::estargz {

/// A reader when the last bytes of `blob` are an eStargz footer, else null. An external TOC is asked for through
/// `options` when it is first needed.
std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options);

}  // namespace accel::formats::estargz
