/// What eStargz writes around the data: footers, the landmark, the TOC's tar. Spec: estargz.md sections 1, 2, 6, 9.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::estargz {

/// Annotations of a layer descriptor. Do not change.
inline constexpr std::string_view kTocDigestAnnotation = "containerd.io/snapshot/stargz/toc.digest";
inline constexpr std::string_view kUncompressedSizeAnnotation = "io.containers.estargz.uncompressed-size";

/// Chunk size of a layer when none is asked for; every reader expects chunks of about this size.
inline constexpr std::uint64_t kDefaultChunkSize = 4U << 20U;

// Sizes are fixed by readers that seek from the end of the blob.
inline constexpr std::size_t kFooterSize = 51;             // 6.1
inline constexpr std::size_t kLegacyFooterSize = 47;       // 6.2
inline constexpr std::size_t kExternalTocFooterSize = 46;  // 6.3

/// A gzip member without content that says where the TOC is.
struct Footer {
  std::uint64_t toc_offset = 0;  ///< of the TOC's gzip member, from the start of the blob
};
std::array<std::byte, kFooterSize> encode_footer(const Footer& footer);
std::array<std::byte, kExternalTocFooterSize> encode_external_toc_footer();

/// What the last bytes of a blob say about its TOC.
struct FoundFooter {
  bool external_toc = false;
  std::size_t size = 0;          ///< of the footer
  std::uint64_t toc_offset = 0;  ///< where the data ends; for an external TOC, where the footer begins
};
/// Looks for any of the three footers at the end of `tail`, the last bytes of a blob of `blob_size` (51 are enough).
/// Nothing when there is none. The offset is inside the blob.
std::optional<FoundFooter> find_footer(ByteView tail, std::uint64_t blob_size);

/// The entry of a landmark, whose content is jtoc::kLandmarkContent.
tar::Entry landmark_entry(std::string_view name);
/// The entry of the TOC in its own small tar.
tar::Entry toc_entry(std::uint64_t json_bytes);

/// Completes the tar that is the content of the TOC member: `toc` holds tar::kBlockSize free bytes and the JSON;
/// they become header, JSON, padding and end-of-archive blocks.
void wrap_toc(Buffer& toc);

}  // namespace accel::formats::estargz
