/// Turns Nydus layers and images back into tar streams.
#pragma once

#include <memory>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/formats/format.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats::nydus {

/// Writes the file system of one layer as a tar stream: its whiteouts are in it, so that it is an OCI layer of the same
/// effect. The same bytes for the same tree: directories before what is in them, names in byte order, further names of
/// a file as hardlinks to the first, PAX headers only where needed. Every chunk is verified. Throws FormatError,
/// DigestMismatch, UnsupportedError where the layer needs other blobs (see open_reader).
void unpack_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob, io::ByteSink& sink,
                  const OpenOptions& options = {}, const CancelToken& cancel = {});

/// Writes the merged file system of an image, likewise.
void unpack_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs, io::ByteSink& sink,
                  const OpenOptions& options = {}, const CancelToken& cancel = {});

}  // namespace accel::formats::nydus
