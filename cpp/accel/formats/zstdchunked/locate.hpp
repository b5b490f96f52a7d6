/// Finds the metadata of a zstd:chunked layer by annotations and footers, and tells the dialects apart.
#pragma once

#include <optional>

#include "accel/formats/toc_assembler.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::formats::zstdchunked {

struct Located {
  TocStyle style = TocStyle::stargz;
  BlobRange toc;
  std::optional<BlobRange> tar_split;
};

/// containers/storage refuses larger ones (zstdchunked.md 4, step 1).
inline constexpr std::uint64_t kMaxContainersMetadata = 150U << 20U;

/// Nothing when the layer is no zstd:chunked one. All ranges lie inside the blob, in skippable frames of their own.
/// Throws FormatError when annotations or footers contradict each other, the blob, or these rules.
std::optional<Located> locate_metadata(const oci::Descriptor& layer, io::ByteSource& blob);

}  // namespace accel::formats::zstdchunked
