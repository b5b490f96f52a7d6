#include "accel/formats/nydus/toc_reader.hpp"

#include <algorithm>
#include <array>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/stored_bytes.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/range.hpp"
#include "accel/tar/header.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kHeaderSize = tar::kBlockSize;
constexpr std::size_t kEntrySize = 128, kNameSize = 16;
constexpr std::uint64_t kMetaHeaderSize = 4096;
/// The reference's Go reader takes no larger TOC, and six entries are all that a blob can have.
constexpr std::uint64_t kMaxTocSize = 1U << 20U;

constexpr std::array<std::string_view, 5> kSectionNames = {section::kData, section::kMeta, section::kDigests,
                                                           section::kBootstrap, section::kToc};

[[noreturn]] void fail(const std::string& what, std::uint64_t offset) {
  throw FormatError("read a nydus blob: " + what, FormatError::Where{.digest = {}, .path = {}, .offset = offset},
                    "it is damaged or was made by a faulty builder; fetch the image again, or convert it again");
}

/// The header at `offset` as a section that ends there; nothing when it is none.
std::optional<Section> parse_header(tar::Block block, std::uint64_t offset) {
  if (tar::dialect_of(block) != tar::Dialect::gnu || !tar::checksum_matches(block)) return std::nullopt;
  if (block[tar::field::kTypeFlag.offset] != std::byte{'0'}) return std::nullopt;
  Section found;
  found.name = tar::text_field(block, tar::field::kName);
  const std::optional<std::int64_t> size = tar::number_field(block, tar::field::kSize);
  if (!size || *size < 0 || std::ranges::find(kSectionNames, found.name) == kSectionNames.end()) return std::nullopt;
  found.size = static_cast<std::uint64_t>(*size);
  found.elsewhere = offset == 0 && found.size != 0 && found.name == section::kData;
  if (found.elsewhere) return found;
  if (found.size > offset) fail("the section " + found.name + " begins before the blob", offset);
  found.offset = offset - found.size;
  return found;
}

std::optional<Section> read_header(io::ByteSource& blob, std::uint64_t end) {
  if (end < kHeaderSize) return std::nullopt;
  std::array<std::byte, kHeaderSize> block;
  blob.read_at(end - kHeaderSize, block);
  return parse_header(block, end - kHeaderSize);
}

Compressor compressor_of(std::uint32_t flags, std::uint64_t offset) {
  switch (flags & 0xFU) {
    case 0x1:
      return Compressor::none;
    case 0x2:
      return Compressor::zstd;
    case 0x4:
      return Compressor::lz4_block;
    default:
      fail("a TOC entry names no known compression", offset);
  }
}

TocEntry parse_entry(const std::byte* bytes, std::uint64_t offset) {
  TocEntry entry;
  entry.compressor = compressor_of(load_le<std::uint32_t>(bytes), offset);
  const std::string_view name = as_text({bytes + 8, kNameSize});
  entry.name = name.substr(0, name.find('\0'));
  std::copy_n(bytes + 24, entry.digest.size(), entry.digest.begin());
  entry.offset = load_le<std::uint64_t>(bytes + 56);
  entry.size = load_le<std::uint64_t>(bytes + 64);
  entry.uncompressed_size = load_le<std::uint64_t>(bytes + 72);
  return entry;
}

/// Where the section that an entry is about must be; nothing when there is none.
std::optional<Section> place_of(const TocEntry& entry, const std::vector<Section>& sections) {
  const bool of_meta = entry.name == section::kMeta || entry.name == section::kMetaHeader;
  const Section* const found = find_section(sections, of_meta ? section::kMeta : std::string_view(entry.name));
  if (found == nullptr || entry.name == section::kToc) return std::nullopt;
  if (!of_meta) return *found;
  // The chunk information and its header share a section.
  if (found->size < kMetaHeaderSize) return std::nullopt;
  const std::uint64_t ci_size = found->size - kMetaHeaderSize;
  if (entry.name == section::kMeta) return Section{entry.name, found->offset, ci_size};
  return Section{entry.name, found->offset + ci_size, kMetaHeaderSize};
}

/// Every section has its entry in the right place, and no entry is about anything else.
void check_entries(const Toc& toc, const std::vector<Section>& sections, std::uint64_t offset) {
  std::size_t expected = 0;
  for (const Section& found : sections) {
    if (found.name != section::kToc) expected += found.name == section::kMeta ? 2 : 1;
  }
  if (toc.entries.size() != expected) fail("the TOC does not have an entry for every section", offset);
  for (std::size_t i = 0; i < toc.entries.size(); ++i) {
    const TocEntry& entry = toc.entries[i];
    const std::optional<Section> place = place_of(entry, sections);
    // The reference subtracts the size from a place where it is not: the result wraps around.
    const std::uint64_t offset_said = place && place->elsewhere ? entry.offset + entry.size : entry.offset;
    if (!place || place->offset != offset_said || place->size != entry.size || toc.find(entry.name) != &entry) {
      fail("the TOC's entry " + std::to_string(i) + " is not about a section of the blob", offset + i * kEntrySize);
    }
  }
}

}  // namespace

bool ends_with_section(io::ByteSource& blob) {
  const std::optional<Section> last = read_header(blob, blob.size());
  return last && (last->name == section::kToc || last->name == section::kBootstrap);
}

std::vector<Section> find_sections(io::ByteSource& blob) {
  std::vector<Section> sections;
  for (std::uint64_t end = blob.size(); end > 0;) {
    std::optional<Section> found = read_header(blob, end);
    if (!found) fail("there is no tar header where a section ends", end < kHeaderSize ? 0 : end - kHeaderSize);
    if (find_section(sections, found->name) != nullptr) fail("the section " + found->name + " is there twice", end);
    end = found->offset;
    sections.push_back(std::move(*found));
  }
  std::ranges::reverse(sections);
  return sections;
}

const Section* find_section(const std::vector<Section>& sections, std::string_view name) {
  const auto found = std::ranges::find(sections, name, &Section::name);
  return found == sections.end() ? nullptr : &*found;
}

const TocEntry* Toc::find(std::string_view name) const {
  const auto found = std::ranges::find(entries, name, &TocEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

std::optional<Toc> read_toc(io::ByteSource& blob, const std::vector<Section>& sections) {
  const Section* const place = find_section(sections, section::kToc);
  if (place == nullptr) return std::nullopt;
  if (place->size > kMaxTocSize || place->size % kEntrySize != 0) {
    fail("the TOC has " + std::to_string(place->size) + " bytes, which is no number of entries", place->offset);
  }
  Bytes bytes(static_cast<std::size_t>(place->size + kHeaderSize));
  blob.read_at(place->offset, bytes);
  Toc toc;
  for (std::size_t at = 0; at < place->size; at += kEntrySize) {
    toc.entries.push_back(parse_entry(bytes.data() + at, place->offset + at));
  }
  const hash::Digest digest = hash::sha256(bytes);
  std::copy_n(digest.raw().begin(), toc.digest.size(), toc.digest.begin());
  toc.size = static_cast<std::uint32_t>(bytes.size());
  check_entries(toc, sections, place->offset);
  return toc;
}

Buffer read_section(io::ByteSource& blob, const TocEntry& entry, std::uint64_t max_bytes) {
  io::check_range(entry.offset, entry.size, blob.size(), "section " + entry.name);
  if (std::max(entry.size, entry.uncompressed_size) > max_bytes) {
    fail("the section " + entry.name + " has more than the limit of " + std::to_string(max_bytes) + " bytes",
         entry.offset);
  }
  Buffer stored;
  stored.resize(static_cast<std::size_t>(entry.size));
  blob.read_at(entry.offset, {stored.data(), stored.size()});
  if (entry.compressor != Compressor::none) {
    Buffer content;
    content.resize(static_cast<std::size_t>(entry.uncompressed_size));
    decompress_item(entry.compressor, stored.view(), {content.data(), content.size()});
    stored = std::move(content);
  } else if (entry.size != entry.uncompressed_size) {
    fail("the section " + entry.name + " is not compressed, but has two sizes", entry.offset);
  }
  const hash::Digest actual = hash::sha256(stored.view());
  if (entry.digest != RawDigest{} && !std::ranges::equal(actual.raw(), entry.digest)) {
    throw DigestMismatch("section " + entry.name, hex_encode(entry.digest), actual.hex(), stored.size());
  }
  return stored;
}

}  // namespace accel::formats::nydus
