/// The TOC of zstd:chunked as it is stored, and the annotations that lead to it.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/hash/digest.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::formats::zstdchunked {

struct TocFrame {
  Buffer bytes;                    ///< the skippable frame
  BlobRange range;                 ///< of its payload
  hash::Digest json_digest;        ///< of the uncompressed JSON
  hash::Digest compressed_digest;  ///< of the payload
};

/// Compresses the JSON into a skippable frame that begins at `frame_offset` of the blob.
TocFrame make_toc_frame(ByteView json, std::uint64_t frame_offset, UnitEncoderPool& encoders);

/// Spec: zstdchunked.md 2.4, but for the uncompressed size.
void annotate_for_stargz(const TocFrame& toc, oci::Annotations& annotations);
/// Spec: zstdchunked.md 3.3.
void annotate_for_containers(const TocFrame& toc, const BlobRange& tar_split, oci::Annotations& annotations);

}  // namespace accel::formats::zstdchunked
