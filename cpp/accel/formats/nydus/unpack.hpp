/// Turns Nydus layers and images back into tar streams.
#pragma once

#include <memory>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/formats/format.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats::nydus {

/// Writes the file system of one layer as a tar stream (see tar_writer.hpp): its whiteouts are in it, so that it is an
/// OCI layer of the same effect. Every chunk is verified. Throws FormatError, DigestMismatch, UnsupportedError where
/// the layer needs other blobs (see open_reader).
void unpack_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob, io::ByteSink& sink,
                  const OpenOptions& options = {}, const CancelToken& cancel = {});

/// Writes the merged file system of an image, likewise.
void unpack_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs, io::ByteSink& sink,
                  const OpenOptions& options = {}, const CancelToken& cancel = {});

/// An unpacker of the image with these layers; null when none of them is a bootstrap layer. Layers are told apart by
/// the bootstraps inside their blobs, if these make, laid over each other, what the image's bootstrap says: it is what
/// readers see. Blobs of chunk dictionaries are no layers. In memory are the file trees of the image, twice, while it
/// is opened, and afterwards those of the layers being written.
std::unique_ptr<ImageUnpacker> open_unpacker(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                             const OpenOptions& options);

}  // namespace accel::formats::nydus
