#include "accel/formats/zstdchunked/layout.hpp"

#include <charconv>
#include <cstring>

#include "accel/base/endian.hpp"

namespace accel::formats::zstdchunked {

namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A50;
// One letter tells the dialects apart.
constexpr std::string_view kStargzMagic = "GnUlInUx";
constexpr std::string_view kContainersMagic = "GNUlInUx";
constexpr std::size_t kMagicSize = 8;
constexpr std::size_t kTypeOffset = 24;  // in both footers

void store_range(std::byte* to, const BlobRange& range) {
  store_le(to, range.offset);
  store_le(to + 8, range.compressed_size);
  store_le(to + 16, range.uncompressed_size);
}

BlobRange load_range(const std::byte* from) {
  return {load_le<std::uint64_t>(from), load_le<std::uint64_t>(from + 8), load_le<std::uint64_t>(from + 16)};
}

bool ends_with(ByteView footer, std::string_view magic) { return as_text(footer.last(kMagicSize)) == magic; }

bool has_known_type(ByteView footer) {
  return load_le<std::uint64_t>(footer.data() + kTypeOffset) == kManifestTypeCrfs;
}

/// Reads a number and the colon after it.
bool take_number(std::string_view& text, std::uint64_t& value, bool last) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (last) return text.empty();
  if (text.empty() || text.front() != ':') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

void append_skippable_frame(ByteView payload, Buffer& out) {
  std::array<std::byte, kSkippableHeaderSize> header;
  store_le(header.data(), kSkippableMagic);
  store_le(header.data() + 4, static_cast<std::uint32_t>(payload.size()));
  out.append(header);
  out.append(payload);
}

std::optional<ByteView> skippable_payload(ByteView frame) {
  if (frame.size() < kSkippableHeaderSize || load_le<std::uint32_t>(frame.data()) != kSkippableMagic ||
      load_le<std::uint32_t>(frame.data() + 4) != frame.size() - kSkippableHeaderSize) {
    return std::nullopt;
  }
  return frame.subspan(kSkippableHeaderSize);
}

std::string position_text(const BlobRange& range, bool with_type) {
  std::string text = std::to_string(range.offset) + ":" + std::to_string(range.compressed_size) + ":" +
                     std::to_string(range.uncompressed_size);
  if (with_type) text += ":" + std::to_string(kManifestTypeCrfs);
  return text;
}

std::optional<BlobRange> parse_position(std::string_view text, bool with_type) {
  BlobRange range;
  std::uint64_t type = kManifestTypeCrfs;
  const bool good = take_number(text, range.offset, false) && take_number(text, range.compressed_size, false) &&
                    take_number(text, range.uncompressed_size, !with_type) &&
                    (!with_type || take_number(text, type, true));
  if (!good || type != kManifestTypeCrfs) return std::nullopt;
  return range;
}

void encode_stargz_footer(const BlobRange& toc, std::span<std::byte, kStargzFooterSize> out) {
  store_range(out.data(), toc);
  store_le(out.data() + kTypeOffset, kManifestTypeCrfs);
  std::memcpy(out.data() + 32, kStargzMagic.data(), kMagicSize);
}

std::optional<BlobRange> decode_stargz_footer(std::span<const std::byte, kStargzFooterSize> footer) {
  if (!ends_with(footer, kStargzMagic) || !has_known_type(footer)) return std::nullopt;
  return load_range(footer.data());
}

void encode_containers_footer(const ContainersFooter& footer, std::span<std::byte, kContainersFooterSize> out) {
  store_range(out.data(), footer.toc);
  store_le(out.data() + kTypeOffset, kManifestTypeCrfs);
  store_range(out.data() + 32, footer.tar_split);
  std::memcpy(out.data() + 56, kContainersMagic.data(), kMagicSize);
}

std::optional<ContainersFooter> decode_containers_footer(std::span<const std::byte, kContainersFooterSize> footer) {
  if (!ends_with(footer, kContainersMagic) || !has_known_type(footer)) return std::nullopt;
  return ContainersFooter{load_range(footer.data()), load_range(footer.data() + 32)};
}

Buffer stargz_footer_frame(const BlobRange& toc) {
  std::array<std::byte, kStargzFooterSize> footer;
  encode_stargz_footer(toc, footer);
  Buffer frame;
  append_skippable_frame(footer, frame);
  return frame;
}

Buffer containers_footer_frame(const ContainersFooter& footer) {
  std::array<std::byte, kContainersFooterSize> bytes;
  encode_containers_footer(footer, bytes);
  Buffer frame;
  append_skippable_frame(bytes, frame);
  return frame;
}

}  // namespace accel::formats::zstdchunked
