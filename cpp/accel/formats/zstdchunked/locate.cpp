#include "accel/formats/zstdchunked/locate.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/oci/annotation.hpp"

namespace accel::formats::zstdchunked {

namespace {

constexpr std::size_t kStargzFrame = kSkippableHeaderSize + kStargzFooterSize;
constexpr std::size_t kContainersFrame = kSkippableHeaderSize + kContainersFooterSize;

/// What the last bytes of a blob say.
struct Footers {
  std::optional<BlobRange> stargz;
  std::optional<ContainersFooter> containers;
};

template <std::size_t Size>
std::optional<std::span<const std::byte, Size>> footer_before(ByteView tail, std::size_t end) {
  const std::size_t frame = kSkippableHeaderSize + Size;
  if (end < frame) return std::nullopt;
  const std::optional<ByteView> payload = skippable_payload(tail.subspan(end - frame, frame));
  if (!payload) return std::nullopt;
  return payload->first<Size>();
}

Footers read_footers(io::ByteSource& blob) {
  std::array<std::byte, kStargzFrame + kContainersFrame> buffer;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), blob.size()));
  const MutableByteView tail = MutableByteView(buffer).first(size);
  blob.read_at(blob.size() - size, tail);
  Footers footers;
  if (const auto footer = footer_before<kStargzFooterSize>(tail, size)) footers.stargz = decode_stargz_footer(*footer);
  const std::size_t end = footers.stargz ? size - kStargzFrame : size;
  if (const auto footer = footer_before<kContainersFooterSize>(tail, end)) {
    footers.containers = decode_containers_footer(*footer);
  }
  return footers;
}

BlobRange position_annotation(const oci::Descriptor& layer, std::string_view key, bool with_type) {
  const std::string text = annotation(layer, key);
  const std::optional<BlobRange> range = parse_position(text, with_type);
  if (!range) throw FormatError("annotation " + std::string(key) + " is \"" + text + "\", which is no position");
  return *range;
}

/// The range must be the whole payload of a skippable frame. Spec: zstdchunked.md 1.1.
void check_frame(io::ByteSource& blob, const BlobRange& range, std::string_view what) {
  const std::uint64_t size = blob.size();
  if (range.offset < kSkippableHeaderSize || range.offset > size || range.compressed_size > size - range.offset) {
    throw FormatError("the " + std::string(what) + " is said to be outside of the blob",
                      FormatError::Where{{}, {}, range.offset});
  }
  std::array<std::byte, kSkippableHeaderSize> header;
  blob.read_at(range.offset - kSkippableHeaderSize, header);
  constexpr std::array<std::byte, 4> kMagic = {std::byte{0x50}, std::byte{0x2a}, std::byte{0x4d}, std::byte{0x18}};
  if (!std::equal(kMagic.begin(), kMagic.end(), header.begin()) ||
      load_le<std::uint32_t>(header.data() + kMagic.size()) != range.compressed_size) {
    throw FormatError("the " + std::string(what) + " is not in a skippable frame of its own",
                      FormatError::Where{{}, {}, range.offset});
  }
}

std::optional<Located> locate_by_annotations(const oci::Descriptor& layer) {
  if (annotation(layer, kManifestChecksumAnnotation).empty()) return std::nullopt;
  if (layer.annotations.contains(std::string(estargz::kTocDigestAnnotation))) {
    throw FormatError("the layer has annotations of both dialects of zstd:chunked, which no client takes",
                      "convert the image again, for one of them");
  }
  Located located;
  located.style = TocStyle::containers;
  located.toc = position_annotation(layer, kManifestPositionAnnotation, true);
  if (layer.annotations.contains(std::string(kTarSplitPositionAnnotation))) {
    located.tar_split = position_annotation(layer, kTarSplitPositionAnnotation, false);
  }
  return located;
}

std::optional<Located> locate_by_footers(const Footers& footers) {
  if (footers.stargz) {
    if (!footers.containers) return Located{TocStyle::stargz, *footers.stargz, std::nullopt};
    if (footers.containers->toc != *footers.stargz) {
      throw FormatError("the two footers of the layer lead to different TOCs");
    }
    return Located{TocStyle::joint, *footers.stargz, footers.containers->tar_split};
  }
  if (!footers.containers) return std::nullopt;
  return Located{TocStyle::containers, footers.containers->toc, footers.containers->tar_split};
}

/// What the annotations say, completed by the footer, with which they must agree.
Located reconcile(Located annotated, const std::optional<Located>& footer) {
  if (!footer) throw FormatError("annotations say that the layer is zstd:chunked, but it has no footer");
  // A footer of the S dialect alone is how containers/storage marked its blobs before August 2023.
  const bool legacy = footer->style == TocStyle::stargz;
  const bool agree =
      footer->toc == annotated.toc && (legacy || !annotated.tar_split || footer->tar_split == annotated.tar_split);
  if (!agree) throw FormatError("annotations and footer of the layer lead to different places");
  if (!legacy) annotated.style = footer->style;
  return annotated;
}

/// TOC, tar-split data and footers must follow each other to the end of the blob, so that no byte means nothing.
void check_tail(io::ByteSource& blob, const Located& located, const Footers& footers) {
  check_frame(blob, located.toc, "TOC");
  std::uint64_t end = located.toc.offset + located.toc.compressed_size;
  const std::optional<BlobRange> tar_split = footers.containers ? footers.containers->tar_split : located.tar_split;
  if (tar_split) {
    check_frame(blob, *tar_split, "tar-split data");
    if (tar_split->offset != end + kSkippableHeaderSize)
      throw FormatError("the tar-split data does not follow the TOC");
    end = tar_split->offset + tar_split->compressed_size;
  }
  if (footers.containers) end += kContainersFrame;
  if (footers.stargz) end += kStargzFrame;
  if (end != blob.size()) throw FormatError("the layer's footer does not follow its metadata");
}

bool is_zstd(io::ByteSource& blob) {
  std::array<std::byte, 4> head;
  if (blob.size() < head.size()) return false;
  blob.read_at(0, head);
  return codec::detect(head) == codec::Compression::zstd;
}

}  // namespace

std::optional<Located> locate_metadata(const oci::Descriptor& layer, io::ByteSource& blob) {
  if (!is_zstd(blob)) return std::nullopt;
  const Footers footers = read_footers(blob);
  const std::optional<Located> footer = locate_by_footers(footers);
  std::optional<Located> located = locate_by_annotations(layer);
  if (located) {
    located = reconcile(*located, footer);
  } else {
    located = footer;
    const bool claimed = layer.annotations.contains(std::string(estargz::kTocDigestAnnotation));
    if (claimed && !footers.stargz) {
      throw FormatError("annotations say that stargz-snapshotter can read the layer, but it has no footer for it");
    }
  }
  if (!located) return std::nullopt;
  check_tail(blob, *located, footers);
  if (located->style == TocStyle::stargz) return located;
  for (const BlobRange& range : {located->toc, located->tar_split.value_or(BlobRange{})}) {
    if (range.compressed_size > kMaxContainersMetadata || range.uncompressed_size > kMaxContainersMetadata) {
      throw FormatError("TOC or tar-split data are larger than containers/storage takes");
    }
  }
  return located;
}

}  // namespace accel::formats::zstdchunked
