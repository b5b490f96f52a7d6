#include "accel/tar/header.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "accel/base/error.hpp"

namespace accel::tar {

namespace {

std::string_view raw_field(Block block, Field field) noexcept {
  return as_text(block.subspan(field.offset, field.size));
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kPadding(" \0", 2);
  const std::size_t first = text.find_first_not_of(kPadding);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kPadding) - first + 1);
}

std::optional<std::int64_t> parse_octal(std::string_view text) noexcept {
  text = trim(text);
  text = text.substr(0, text.find('\0'));
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> 3U) return std::nullopt;
    value = value << 3U | static_cast<std::uint64_t>(c - '0');
  }
  return static_cast<std::int64_t>(value);
}

/// Two's complement, big-endian; the first bit only says that this is base-256, the second is the sign.
std::optional<std::int64_t> parse_base256(std::string_view text) noexcept {
  const std::uint8_t invert = (static_cast<std::uint8_t>(text[0]) & 0x40U) != 0 ? 0xFF : 0;
  std::uint64_t magnitude = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto digit = static_cast<std::uint8_t>(static_cast<std::uint8_t>(text[i]) ^ invert);
    if (i == 0) digit &= 0x7FU;
    if (magnitude >> 56U != 0) return std::nullopt;
    magnitude = magnitude << 8U | digit;
  }
  if (magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const auto value = static_cast<std::int64_t>(magnitude);
  return invert != 0 ? -value - 1 : value;
}

struct Checksums {
  std::int64_t as_unsigned = 0, as_signed = 0;
};

/// The checksum field itself counts as eight spaces.
Checksums compute_checksums(Block block) noexcept {
  std::uint32_t sum = 0;
  std::uint32_t high = 0;  // bytes with the first bit set: each counts 256 less when taken as signed
  for (const std::byte b : block) {
    const auto value = std::to_integer<std::uint32_t>(b);
    sum += value;
    high += value >> 7U;
  }
  for (const std::byte b : block.subspan(field::kChecksum.offset, field::kChecksum.size)) {
    const auto value = std::to_integer<std::uint32_t>(b);
    sum += static_cast<std::uint32_t>(' ') - value;
    high -= value >> 7U;
  }
  return {.as_unsigned = sum, .as_signed = std::int64_t{sum} - 256 * std::int64_t{high}};
}

std::uint64_t require_number(Block block, Field field, std::string_view what, std::uint64_t max) {
  const auto number = number_field(block, field);
  if (!number) throw FormatError("tar header field " + std::string(what) + " is no number");
  if (*number < 0 || static_cast<std::uint64_t>(*number) > max) {
    throw FormatError("tar header field " + std::string(what) + " is " + std::to_string(*number) + ", want 0 to " +
                      std::to_string(max));
  }
  return static_cast<std::uint64_t>(*number);
}

Time require_time(Block block, Field field, std::string_view what) {
  const auto seconds = number_field(block, field);
  if (!seconds) throw FormatError("tar header field " + std::string(what) + " is no number");
  return {.seconds = *seconds, .nanoseconds = 0};
}

/// GNU tar fills in these times only with --incremental, and keeps them NUL otherwise.
void parse_gnu_times(Block block, Entry& entry) {
  const auto is_used = [&](Field field) { return block[field.offset] != std::byte{0}; };
  const auto is_bad = [&](Field field) { return is_used(field) && !number_field(block, field); };
  if (!is_bad(field::kGnuAtime) && !is_bad(field::kGnuCtime)) {
    if (is_used(field::kGnuAtime)) entry.atime = require_time(block, field::kGnuAtime, "atime");
    if (is_used(field::kGnuCtime)) entry.ctime = require_time(block, field::kGnuCtime, "ctime");
    return;
  }
  // QUIRK: Go before 1.8 wrote a ustar prefix into GNU headers, over the times (golang.org/issue/12594).
  const std::string_view prefix = text_field(block, field::kPrefix);
  const bool ascii = std::all_of(prefix.begin(), prefix.end(), [](char c) { return (c & 0x80) == 0; });
  if (ascii && !prefix.empty()) entry.name.insert(0, std::string(prefix) + "/");
}

void put_octal(std::byte* to, std::size_t digits, std::uint64_t value) noexcept {
  for (std::size_t i = digits; i-- > 0; value >>= 3U) to[i] = static_cast<std::byte>('0' + (value & 7U));
}

}  // namespace

Dialect dialect_of(Block block) noexcept {
  const std::string_view magic = raw_field(block, field::kMagic);
  if (magic == std::string_view("ustar\0", 6)) {
    const bool star = raw_field(block, field::kStarMark) == std::string_view("tar\0", 4);
    return star ? Dialect::star : Dialect::ustar;
  }
  if (magic == "ustar " && raw_field(block, field::kVersion) == std::string_view(" \0", 2)) return Dialect::gnu;
  return Dialect::v7;
}

bool is_zero_block(Block block) noexcept {
  return block[0] == std::byte{0} && std::memcmp(block.data(), block.data() + 1, kBlockSize - 1) == 0;
}

bool checksum_matches(Block block) noexcept {
  const auto stored = parse_octal(raw_field(block, field::kChecksum));
  if (!stored) return false;
  const Checksums computed = compute_checksums(block);
  return *stored == computed.as_unsigned || *stored == computed.as_signed;
}

std::string_view text_field(Block block, Field field) noexcept {
  const std::string_view text = raw_field(block, field);
  return text.substr(0, text.find('\0'));
}

std::optional<std::int64_t> number_field(Block block, Field field) noexcept {
  const std::string_view text = raw_field(block, field);
  return (static_cast<std::uint8_t>(text[0]) & 0x80U) != 0 ? parse_base256(text) : parse_octal(text);
}

void parse_header(Block block, Entry& entry) {
  constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kMax63 = std::numeric_limits<std::int64_t>::max();
  const Dialect dialect = dialect_of(block);
  entry.name.clear();
  if (dialect == Dialect::ustar || dialect == Dialect::star) {
    entry.name = text_field(block, dialect == Dialect::star ? field::kStarPrefix : field::kPrefix);
    if (!entry.name.empty()) entry.name += '/';
  }
  entry.name += text_field(block, field::kName);
  entry.link_name = text_field(block, field::kLinkName);
  entry.mode = static_cast<std::uint32_t>(require_number(block, field::kMode, "mode", kMax32));
  entry.uid = require_number(block, field::kUid, "uid", kMax63);
  entry.gid = require_number(block, field::kGid, "gid", kMax63);
  entry.header_size = require_number(block, field::kSize, "size", kMax63);
  entry.mtime = require_time(block, field::kMtime, "mtime");
  entry.atime.reset();
  entry.ctime.reset();
  entry.xattrs.clear();
  if (dialect == Dialect::v7) {
    entry.user_name.clear();
    entry.group_name.clear();
    entry.device_major = entry.device_minor = 0;
    return;
  }
  entry.user_name = text_field(block, field::kUserName);
  entry.group_name = text_field(block, field::kGroupName);
  entry.device_major = static_cast<std::uint32_t>(require_number(block, field::kDeviceMajor, "devmajor", kMax32));
  entry.device_minor = static_cast<std::uint32_t>(require_number(block, field::kDeviceMinor, "devminor", kMax32));
  if (dialect == Dialect::gnu) parse_gnu_times(block, entry);
  if (dialect == Dialect::star) {
    entry.atime = require_time(block, field::kStarAtime, "atime");
    entry.ctime = require_time(block, field::kStarCtime, "ctime");
  }
}

void set_text_field(MutableBlock block, Field field, std::string_view text) noexcept {
  std::memcpy(block.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

bool fits_octal(Field field, std::uint64_t value) noexcept {
  const std::size_t bits = 3 * (field.size - 1);
  return bits >= 64 || value >> bits == 0;
}

void set_number_field(MutableBlock block, Field field, std::uint64_t value) noexcept {
  std::byte* const to = block.data() + field.offset;
  if (fits_octal(field, value)) {
    put_octal(to, field.size - 1, value);
    return;
  }
  for (std::size_t i = field.size; i-- > 0; value >>= 8U) to[i] = static_cast<std::byte>(value);
  to[0] |= std::byte{0x80};
}

void set_checksum(MutableBlock block) noexcept {
  std::byte* const to = block.data() + field::kChecksum.offset;
  put_octal(to, 6, static_cast<std::uint64_t>(compute_checksums(block).as_unsigned));
  to[6] = std::byte{0};
  to[7] = std::byte{' '};
}

}  // namespace accel::tar
