/// Encoder of reference layers: the data stays in the source layer, the blob holds where it is there and the layer's
/// bootstrap. Spec: nydus-blob.md 11, 12.1, 17.
#pragma once

#include <memory>

#include "accel/formats/format.hpp"

namespace accel::formats::nydus {

/// gzip layers are indexed by `EncodeContext::boundaries` (zran), plain tars by position. Chunks are those of the
/// reference: 1 MiB, SHA-256, whatever the options say. Throws UnsupportedError for zstd layers, whose middle no reader
/// can reach. Never throws RestartStaged.
///
/// The encoder throws UnsupportedError for what cannot be referred to: sparse files, deflate blocks of 16 MiB.
std::unique_ptr<LayerEncoder> make_ref_encoder(const oci::Descriptor& source, io::ByteSink& sink,
                                               const EncodeContext& context);

}  // namespace accel::formats::nydus
