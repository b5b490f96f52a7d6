#include "accel/formats/zstdchunked/toc_frame.hpp"

#include <string>

#include "accel/formats/estargz/layout.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::zstdchunked {

TocFrame make_toc_frame(ByteView json, std::uint64_t frame_offset, UnitEncoderPool& encoders) {
  Buffer compressed;
  encoders.borrow()->encode(json, compressed);
  TocFrame frame;
  frame.range = {frame_offset + kSkippableHeaderSize, compressed.size(), json.size()};
  frame.json_digest = hash::sha256(json);
  frame.compressed_digest = hash::sha256(compressed.view());
  append_skippable_frame(compressed.view(), frame.bytes);
  return frame;
}

void annotate_for_stargz(const TocFrame& toc, oci::Annotations& annotations) {
  annotations.insert_or_assign(std::string(estargz::kTocDigestAnnotation), toc.json_digest.to_string());
  annotations.insert_or_assign(std::string(kStargzManifestChecksumAnnotation), toc.compressed_digest.to_string());
  annotations.insert_or_assign(std::string(kStargzManifestPositionAnnotation), position_text(toc.range, true));
}

void annotate_for_containers(const TocFrame& toc, const BlobRange& tar_split, oci::Annotations& annotations) {
  annotations.insert_or_assign(std::string(kManifestChecksumAnnotation), toc.compressed_digest.to_string());
  annotations.insert_or_assign(std::string(kManifestPositionAnnotation), position_text(toc.range, true));
  annotations.insert_or_assign(std::string(kTarSplitPositionAnnotation), position_text(tar_split, false));
}

}  // namespace accel::formats::zstdchunked
