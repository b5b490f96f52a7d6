/// Finds the sections of a RAFS blob: by the tar headers behind them, and by its TOC. Spec: nydus-blob.md 3 and 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Bytes of a blob with a tar header behind them.
struct Section {
  std::string name;
  std::uint64_t offset = 0, size = 0;
  /// QUIRK (nydus-image 2.2.0): a reference blob begins with a header of the data, which is in the OCI layer. `size` is
  /// that of the layer.
  bool elsewhere = false;
};

/// True when the last 512 bytes are the tar header of a section that ends a RAFS blob.
bool ends_with_section(io::ByteSource& blob);

/// All sections, in the order of the blob, from its last byte back to its first. Throws FormatError for anything else
/// between them.
std::vector<Section> find_sections(io::ByteSource& blob);
/// The section of that name; null when there is none.
const Section* find_section(const std::vector<Section>& sections, std::string_view name);

/// One entry of the TOC.
struct TocEntry {
  std::string name;
  Compressor compressor = Compressor::none;
  RawDigest digest{};  ///< SHA-256 of the content; zero: not known
  std::uint64_t offset = 0, size = 0;
  std::uint64_t uncompressed_size = 0;
};

struct Toc {
  std::vector<TocEntry> entries;
  RawDigest digest{};      ///< SHA-256 of the entries and the tar header behind them
  std::uint32_t size = 0;  ///< of both

  /// The entry of that name; null when there is none.
  [[nodiscard]] const TocEntry* find(std::string_view name) const;
};

/// The TOC, nothing when the blob has none. Its entries have been compared with `sections`.
std::optional<Toc> read_toc(io::ByteSource& blob, const std::vector<Section>& sections);

/// The content of the section that `entry` is about, decompressed and verified. `max_bytes` bounds it. Throws
/// FormatError, DigestMismatch.
Buffer read_section(io::ByteSource& blob, const TocEntry& entry, std::uint64_t max_bytes);

}  // namespace accel::formats::nydus
