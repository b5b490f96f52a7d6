/// What zstd:chunked writes around the data: skippable frames, footers, annotations. Spec: zstdchunked.md sections 1–3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"

namespace accel::formats::zstdchunked {

// Annotations of a layer descriptor. Do not change.
/// Digest of the compressed TOC; its presence makes containers/storage take the layer as zstd:chunked.
inline constexpr std::string_view kManifestChecksumAnnotation = "io.github.containers.zstd-chunked.manifest-checksum";
inline constexpr std::string_view kManifestPositionAnnotation = "io.github.containers.zstd-chunked.manifest-position";
inline constexpr std::string_view kTarSplitPositionAnnotation = "io.github.containers.zstd-chunked.tarsplit-position";
/// The names stargz-snapshotter uses for the first two, a read-ahead hint there.
inline constexpr std::string_view kStargzManifestChecksumAnnotation = "io.containers.zstd-chunked.manifest-checksum";
inline constexpr std::string_view kStargzManifestPositionAnnotation = "io.containers.zstd-chunked.manifest-position";

/// Magic and length in front of a skippable frame's payload. All offsets stored anywhere point behind it.
inline constexpr std::size_t kSkippableHeaderSize = 8;
/// Appends a skippable frame. `payload` must be shorter than 4 GiB.
void append_skippable_frame(ByteView payload, Buffer& out);
/// The payload of the skippable frame that `frame` must be, whole; nothing when it is something else.
std::optional<ByteView> skippable_payload(ByteView frame);

/// Metadata in a skippable frame: one or more zstd frames.
struct BlobRange {
  std::uint64_t offset = 0;             ///< of the payload, from the start of the blob
  std::uint64_t compressed_size = 0;    ///< of the payload
  std::uint64_t uncompressed_size = 0;  ///< of what it decompresses to
  friend bool operator==(const BlobRange&, const BlobRange&) = default;
};
inline constexpr std::uint64_t kManifestTypeCrfs = 1;

/// `offset:compressed:uncompressed`, as in annotations; for the TOC `:1` follows.
std::string position_text(const BlobRange& range, bool with_type);
/// Reads position_text. Nothing on anything else, and on a type other than 1.
std::optional<BlobRange> parse_position(std::string_view text, bool with_type);

// Sizes without the frame's header; fixed by readers that seek from the end.
inline constexpr std::size_t kStargzFooterSize = 40;      // 2.2
inline constexpr std::size_t kContainersFooterSize = 64;  // 3.2

struct ContainersFooter {
  BlobRange toc, tar_split;
  friend bool operator==(const ContainersFooter&, const ContainersFooter&) = default;
};

void encode_stargz_footer(const BlobRange& toc, std::span<std::byte, kStargzFooterSize> out);
/// Nothing when the magic is missing or the manifest type is another. Checks no offset.
std::optional<BlobRange> decode_stargz_footer(std::span<const std::byte, kStargzFooterSize> footer);

void encode_containers_footer(const ContainersFooter& footer, std::span<std::byte, kContainersFooterSize> out);
std::optional<ContainersFooter> decode_containers_footer(std::span<const std::byte, kContainersFooterSize> footer);

/// A footer as the frame that ends a blob.
Buffer stargz_footer_frame(const BlobRange& toc);
Buffer containers_footer_frame(const ContainersFooter& footer);

}  // namespace accel::formats::zstdchunked
