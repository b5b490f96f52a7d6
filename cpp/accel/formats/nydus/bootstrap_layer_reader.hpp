/// Reads the layer that stands behind an image's Nydus layers. Spec: service.md 5, nydus-blob.md 16.3.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// What the layer holds. Files with chunk information are kept as digests: they are copies of what is in the blobs.
struct BootstrapLayer {
  struct MetaFile {
    std::uint64_t size = 0;
    hash::Digest digest;
  };

  Bytes bootstrap;
  std::map<std::string, MetaFile> meta_files;  ///< by the hex digest of the RAFS blob
  hash::Digest digest, diff_id;                ///< of the layer as stored, and of its tar
};

/// Reads the layer to its end. Throws FormatError when it has no bootstrap, or one above the limits.
BootstrapLayer read_bootstrap_layer(io::ByteSource& layer, const OpenOptions& options);

/// The same from its tar stream; `digest` stays empty.
BootstrapLayer read_bootstrap_tar(io::ByteStream& tar, const OpenOptions& options);

/// Throws FormatError unless `file` holds `meta`, or one of the ways in which the reference fails to write it
/// (corrections.md 1 and 3).
void check_meta_file(const BootstrapLayer::MetaFile& file, const BlobMeta& meta);

}  // namespace accel::formats::nydus
