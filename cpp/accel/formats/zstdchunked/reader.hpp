/// Reads zstd:chunked layers of both dialects and joint ones, our own and others'. Spec: zstdchunked.md 2.5, 4, 5.
#pragma once

#include <memory>

#include "accel/formats/format.hpp"

namespace accel::formats::zstdchunked {

/// A reader when annotations of `layer` or the last bytes of `blob` lead to a TOC, else null. Throws FormatError when
/// the annotations are of both dialects or lead out of the blob.
std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options);

}  // namespace accel::formats::zstdchunked
