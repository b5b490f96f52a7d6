// zstd:chunked layers of all dialects: raw bytes, and layers with any TOC and tar-split data over any tar stream.
#include <cstdint>

#include "accel/codec/codec.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/formats/zstdchunked/toc_frame.hpp"
#include "accel/hash/hasher.hpp"
#include "layer_parts.hpp"

namespace {

using namespace accel;
using namespace accel::formats;

constexpr std::uint8_t kRaw = 1, kStargz = 2, kContainers = 4, kAnnotations = 8;
/// Where the input's TOC may name the digest of the tar-split data it comes with.
constexpr std::string_view kDigestMark = "@tar-split@";

/// `toc` with the mark replaced by the digest, so that the fuzzer need not invent one.
std::string with_digest(ByteView toc, const hash::Digest& digest) {
  std::string text = to_string(toc);
  if (const std::size_t at = text.find(kDigestMark); at != std::string::npos) {
    text.replace(at, kDigestMark.size(), digest.to_string());
  }
  return text;
}

void use_parts(const fuzz::LayerParts& parts) {
  UnitEncoderPool encoders([] { return codec::make_zstd_encoder(1); });
  Buffer blob = parts.units(*encoders.borrow());
  Buffer split;
  encoders.borrow()->encode(parts.tar_split, split);
  const zstdchunked::TocFrame toc =
      zstdchunked::make_toc_frame(as_bytes(with_digest(parts.toc, hash::sha256(split.view()))), blob.size(), encoders);
  blob.append(toc.bytes.view());
  zstdchunked::BlobRange range{blob.size() + zstdchunked::kSkippableHeaderSize, split.size(), parts.tar_split.size()};
  oci::Descriptor layer;
  if ((parts.flags & kContainers) != 0) {
    zstdchunked::append_skippable_frame(split.view(), blob);
    blob.append(zstdchunked::containers_footer_frame({toc.range, range}).view());
    if ((parts.flags & kAnnotations) != 0) zstdchunked::annotate_for_containers(toc, range, layer.annotations);
  }
  if ((parts.flags & kStargz) != 0) {
    blob.append(zstdchunked::stargz_footer_frame(toc.range).view());
    if ((parts.flags & (kAnnotations | kContainers)) == kAnnotations) {
      zstdchunked::annotate_for_stargz(toc, layer.annotations);
    }
  }
  fuzz::use_layer(layer, blob.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (size == 0) return 0;
  if ((data[0] & kRaw) != 0) {
    fuzz::use_layer({}, input.subspan(1));
  } else {
    use_parts(fuzz::LayerParts(input));
  }
  return 0;
}
