#include "accel/formats/nydus/blob_toc.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kLargestOctalSize = (1ULL << 33U) - 1;  // 11 digits

/// Fields of a trailing header, with their places. Spec: nydus-blob.md 3.2.
constexpr std::size_t kSizeField = 124;
constexpr std::size_t kTimeField = 136;
constexpr std::size_t kChecksumField = 148;
constexpr std::size_t kTypeField = 156;
constexpr std::size_t kMagicField = 257;

void put(std::array<std::byte, tar::kBlockSize>& header, std::size_t at, std::string_view text) {
  const ByteView bytes = as_bytes(text);
  std::copy(bytes.begin(), bytes.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string octal(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; value > 0 && i > 0; value >>= 3U) text[--i] = static_cast<char>('0' + (value & 7U));
  return text;
}

/// What a TOC calls a compressor.
std::uint32_t toc_flag(Compressor compressor) {
  switch (compressor) {
    case Compressor::none:
      return 0x1;
    case Compressor::zstd:
      return 0x2;
    case Compressor::lz4_block:
      return 0x4;
    case Compressor::gzip:
      break;
  }
  throw Error("write the TOC of a nydus blob: it has no way to say that a section is compressed with gzip");
}

}  // namespace

std::array<std::byte, tar::kBlockSize> section_header(std::string_view name, std::uint64_t size) {
  std::array<std::byte, tar::kBlockSize> header{};
  put(header, 0, name);
  if (size <= kLargestOctalSize) {
    put(header, kSizeField, octal(size, 11));
  } else {
    store_be(header.data() + kSizeField + 4, size);
    header[kSizeField] |= std::byte{0x80};
  }
  put(header, kTimeField, octal(0, 11));
  header[kTypeField] = std::byte{'0'};
  put(header, kMagicField, std::string_view("ustar  \0", 8));
  // The sum counts its own field as spaces.
  constexpr std::uint64_t kBlankField = 8 * ' ';
  const std::uint64_t sum = std::accumulate(
      header.begin(), header.end(), kBlankField,
      [](std::uint64_t total, std::byte value) { return total + std::to_integer<std::uint64_t>(value); });
  put(header, kChecksumField, octal(sum, 7));
  return header;
}

void append_section_entry(const SectionEntry& entry, Buffer& out) {
  out.append_zeros(kSectionEntrySize);
  std::byte* const at = out.data() + out.size() - kSectionEntrySize;
  const ByteView name = as_bytes(entry.name);
  store_le(at, toc_flag(entry.compressor));
  std::copy(name.begin(), name.end(), at + 8);
  std::copy(entry.digest.begin(), entry.digest.end(), at + 24);
  store_le(at + 56, entry.compressed_offset);
  store_le(at + 64, entry.compressed_size);
  store_le(at + 72, entry.uncompressed_size);
}

}  // namespace accel::formats::nydus
