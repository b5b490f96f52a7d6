/// The bootstrap layer of a stored image as the image's reader needs it. Spec: service.md 5, nydus-blob.md 16.3.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Files with chunk information are kept as digests: they are copies of what is in the blobs.
struct ImageBootstrap {
  struct MetaDigest {
    std::uint64_t size = 0;
    hash::Digest digest;
  };

  Buffer bytes;
  std::map<std::string, MetaDigest> metas;  ///< `image/*.blob.meta` by the hex digest of the RAFS blob
  hash::Digest digest, diff_id;             ///< of the layer as stored, and of its tar
};

/// Reads the layer to its end. Throws FormatError when it has no bootstrap, or one above the limits.
ImageBootstrap read_image_bootstrap(io::ByteSource& layer, const OpenOptions& options, const CancelToken& cancel);

/// Throws FormatError unless `file` holds `meta`, or one of the ways in which the reference fails to write it
/// (corrections.md 1 and 3).
void check_meta_file(const ImageBootstrap::MetaDigest& file, const BlobMeta& meta);

}  // namespace accel::formats::nydus
