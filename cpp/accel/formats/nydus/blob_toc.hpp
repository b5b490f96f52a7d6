/// How the sections of a RAFS blob are found: tar headers that follow them, and the table of contents (TOC).
/// Spec: nydus-blob.md 3.2 and 4.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/tar/block.hpp"

namespace accel::formats::nydus {

/// The header that stands behind a section of `size` bytes.
std::array<std::byte, tar::kBlockSize> section_header(std::string_view name, std::uint64_t size);

inline constexpr std::size_t kSectionEntrySize = 128;

struct SectionEntry {
  std::string_view name;                     ///< section; at most 16 bytes
  Compressor compressor = Compressor::none;  ///< never gzip, which a TOC cannot express
  RawDigest digest{};                        ///< SHA-256 of the uncompressed section
  std::uint64_t compressed_offset = 0;       ///< in the RAFS blob
  std::uint64_t compressed_size = 0;
  std::uint64_t uncompressed_size = 0;
};

void append_section_entry(const SectionEntry& entry, Buffer& out);

}  // namespace accel::formats::nydus
