/// One 512-byte header block: where its fields are and how its numbers and checksum are stored.
/// Layouts: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"; star(5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/entry.hpp"

namespace accel::tar {

using Block = std::span<const std::byte, kBlockSize>;
using MutableBlock = std::span<std::byte, kBlockSize>;

/// Position of a field in a header block, in bytes.
struct Field {
  std::size_t offset, size;
};

namespace field {
inline constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12};
inline constexpr Field kChecksum{148, 8}, kTypeFlag{156, 1}, kLinkName{157, 100};
// ustar and its relatives only
inline constexpr Field kMagic{257, 6}, kVersion{263, 2}, kUserName{265, 32}, kGroupName{297, 32};
inline constexpr Field kDeviceMajor{329, 8}, kDeviceMinor{337, 8}, kPrefix{345, 155};
// star: a shorter prefix, times behind it, a mark at the end
inline constexpr Field kStarPrefix{345, 131}, kStarAtime{476, 12}, kStarCtime{488, 12}, kStarMark{508, 4};
// GNU: no prefix; kGnuSparse is four pairs of numbers
inline constexpr Field kGnuAtime{345, 12}, kGnuCtime{357, 12}, kGnuSparse{386, 96};
inline constexpr Field kGnuIsExtended{482, 1}, kGnuRealSize{483, 12};
}  // namespace field

enum class Dialect : std::uint8_t { v7, ustar, star, gnu };

/// What the magic says the block is. PAX headers are ustar blocks.
Dialect dialect_of(Block block) noexcept;

bool is_zero_block(Block block) noexcept;

/// True when the checksum field holds the sum of the block's bytes, taken as unsigned or, as some old programs did,
/// as signed numbers.
bool checksum_matches(Block block) noexcept;

/// The text of a field, up to its first NUL.
std::string_view text_field(Block block, Field field) noexcept;

/// The number in a field: octal, padded with spaces or NULs (all padding: 0), or base-256 in two's complement when
/// the first bit is set. Nothing when it is neither or does not fit.
std::optional<std::int64_t> number_field(Block block, Field field) noexcept;

/// Sets every field of `entry` from what a header block alone says, PAX and GNU extensions apart: `link_name` whatever
/// the type, `header_size` and no `size`. `type` is not set. Throws FormatError (without position) on a bad number.
void parse_header(Block block, Entry& entry);

/// Copies `text` to a field; the caller has checked that it fits.
void set_text_field(MutableBlock block, Field field, std::string_view text) noexcept;

/// Writes a number below 2^56 as octal with leading zeros and a final NUL, or as base-256 where octal has no room.
void set_number_field(MutableBlock block, Field field, std::uint64_t value) noexcept;

/// True when `value` fits a number field as octal.
bool fits_octal(Field field, std::uint64_t value) noexcept;

/// Fills in the checksum; called last.
void set_checksum(MutableBlock block) noexcept;

}  // namespace accel::tar
