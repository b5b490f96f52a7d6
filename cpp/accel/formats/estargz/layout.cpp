#include "accel/formats/estargz/layout.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/formats/jtoc/entry.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::estargz {

namespace {

// RFC 1952: magic, deflate, FEXTRA, no time, unknown system.
constexpr std::array<std::uint8_t, 10> kGzipHeader = {0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff};
constexpr std::size_t kExtraLengthOffset = 10;
constexpr std::size_t kExtraOffset = 12;
constexpr std::string_view kSubfieldId = "SG";
constexpr std::string_view kMagic = "STARGZ";
constexpr std::string_view kExternalMagic = "STARGZEXTERNALTOC";
constexpr std::size_t kOffsetDigits = 16;
constexpr std::size_t kSubfieldHeader = 4;  // id and length
/// Empty content as a final stored block, its CRC-32 and its length.
constexpr std::array<std::uint8_t, 13> kEmptyTail = {0x01, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};

constexpr std::size_t kPayloadSize = kOffsetDigits + kMagic.size();
static_assert(kExtraOffset + kSubfieldHeader + kPayloadSize + kEmptyTail.size() == kFooterSize);
static_assert(kExtraOffset + kPayloadSize + kEmptyTail.size() == kLegacyFooterSize);
static_assert(kExtraOffset + kSubfieldHeader + kExternalMagic.size() + kEmptyTail.size() == kExternalTocFooterSize);

/// An empty gzip member whose extra field is one subfield holding `payload`.
template <std::size_t Size>
std::array<std::byte, Size> encode_member(std::string_view payload) {
  std::array<std::byte, Size> member{};
  std::memcpy(member.data(), kGzipHeader.data(), kGzipHeader.size());
  store_le(member.data() + kExtraLengthOffset, static_cast<std::uint16_t>(kSubfieldHeader + payload.size()));
  std::memcpy(member.data() + kExtraOffset, kSubfieldId.data(), kSubfieldId.size());
  store_le(member.data() + kExtraOffset + kSubfieldId.size(), static_cast<std::uint16_t>(payload.size()));
  std::memcpy(member.data() + kExtraOffset + kSubfieldHeader, payload.data(), payload.size());
  std::memcpy(member.data() + Size - kEmptyTail.size(), kEmptyTail.data(), kEmptyTail.size());
  return member;
}

bool is_gzip_with_extra(ByteView member, std::size_t extra_size) {
  // Readers check no more of the header than this (6.4).
  return std::memcmp(member.data(), kGzipHeader.data(), 4) == 0 &&
         load_le<std::uint16_t>(member.data() + kExtraLengthOffset) == extra_size;
}

/// The text of the one subfield, which must have `size` bytes; "" when it is something else.
std::string_view subfield(ByteView member, std::size_t size) {
  if (!is_gzip_with_extra(member, kSubfieldHeader + size)) return {};
  const ByteView extra = member.subspan(kExtraOffset, kSubfieldHeader + size);
  if (as_text(extra.first(kSubfieldId.size())) != kSubfieldId) return {};
  if (load_le<std::uint16_t>(extra.data() + kSubfieldId.size()) != size) return {};
  return as_text(extra.subspan(kSubfieldHeader));
}

/// The offset in `<16 hex digits>STARGZ`.
std::optional<std::uint64_t> parse_payload(std::string_view payload) {
  if (payload.size() != kPayloadSize || payload.substr(kOffsetDigits) != kMagic) return std::nullopt;
  std::uint64_t offset = 0;
  const char* const end = payload.data() + kOffsetDigits;
  const auto [stop, error] = std::from_chars(payload.data(), end, offset, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return offset;
}

std::optional<FoundFooter> with_offset(std::optional<std::uint64_t> offset, std::size_t size, std::uint64_t blob_size) {
  if (!offset || *offset >= blob_size - size) return std::nullopt;
  return FoundFooter{false, size, *offset};
}

}  // namespace

std::array<std::byte, kFooterSize> encode_footer(const Footer& footer) {
  std::array<char, kOffsetDigits> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), footer.toc_offset, 16);
  const std::string hex(digits.data(), end);
  return encode_member<kFooterSize>(std::string(kOffsetDigits - hex.size(), '0') + hex + std::string(kMagic));
}

std::array<std::byte, kExternalTocFooterSize> encode_external_toc_footer() {
  return encode_member<kExternalTocFooterSize>(kExternalMagic);
}

std::optional<FoundFooter> find_footer(ByteView tail, std::uint64_t blob_size) {
  if (tail.size() >= kFooterSize) {
    const std::string_view payload = subfield(tail.last(kFooterSize), kPayloadSize);
    if (const auto found = with_offset(parse_payload(payload), kFooterSize, blob_size)) return found;
  }
  if (tail.size() >= kLegacyFooterSize) {
    const ByteView member = tail.last(kLegacyFooterSize);
    if (is_gzip_with_extra(member, kPayloadSize)) {
      const std::string_view payload = as_text(member.subspan(kExtraOffset, kPayloadSize));
      if (const auto found = with_offset(parse_payload(payload), kLegacyFooterSize, blob_size)) return found;
    }
  }
  if (tail.size() >= kExternalTocFooterSize) {
    const ByteView member = tail.last(kExternalTocFooterSize);
    if (subfield(member, kExternalMagic.size()) == kExternalMagic) {
      return FoundFooter{true, kExternalTocFooterSize, blob_size - kExternalTocFooterSize};
    }
  }
  return std::nullopt;
}

tar::Entry landmark_entry(std::string_view name) {
  tar::Entry entry;
  entry.name = name;
  entry.size = 1;
  entry.header_size = 1;
  return entry;
}

tar::Entry toc_entry(std::uint64_t json_bytes) {
  tar::Entry entry;
  entry.name = jtoc::kTocName;
  entry.size = json_bytes;
  entry.header_size = json_bytes;
  return entry;
}

void wrap_toc(Buffer& toc) {
  const std::uint64_t json_bytes = toc.size() - tar::kBlockSize;
  Buffer header;
  tar::write_header(toc_entry(json_bytes), header);
  // A TOC of 8 GiB would need an extended header; no reader takes one that big.
  std::memcpy(toc.data(), header.data(), tar::kBlockSize);
  toc.append_zeros(tar::padding_size(json_bytes));
  tar::write_end(toc);
}

}  // namespace accel::formats::estargz
