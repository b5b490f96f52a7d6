/// The code tables of deflate blocks: from code lengths to tables that decode a symbol in one or two look-ups.
/// Spec: RFC 1951 section 3.2. Internal to codec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace accel::codec::deflate {

inline constexpr unsigned kMaxCodeBits = 15;
inline constexpr std::size_t kLiteralSymbols = 288;  ///< literals, end of block, lengths; the last two are never valid
inline constexpr std::size_t kDistanceSymbols = 32;  ///< the last two are never valid
inline constexpr std::size_t kLengthSymbols = 19;    ///< of the code that code lengths are written in
inline constexpr std::size_t kMaxMatch = 258;
inline constexpr std::size_t kWindowSize = 32768;

/// What the bits ahead mean. Bits 0–7: how many bits the symbol and its extra bits take; bits 8–11: how many of them
/// are the code; from bit 16: the literal, or the smallest length or distance, to which the extra bits are added.
using Entry = std::uint32_t;
inline constexpr Entry kLiteral = 0x80000000;
/// None of the above; then one of the next three says what.
inline constexpr Entry kSpecial = 0x8000;
inline constexpr Entry kEndOfBlock = 0x4000;
inline constexpr Entry kInvalid = 0x2000;
/// The code goes on: from bit 16 stands where in the table, bits 8–11 are how many bits choose there.
inline constexpr Entry kLongCode = 0x1000;

constexpr unsigned bits_of(Entry entry) { return entry & 0x3FU; }
constexpr unsigned code_bits_of(Entry entry) { return entry >> 8U & 0xFU; }
constexpr std::uint32_t value_of(Entry entry) { return entry >> 16U & 0x7FFFU; }

/// A table whose first 2^Bits entries are chosen by the next bits of the stream. Behind them stand tables for the codes
/// that are longer; each has at least two of the Symbols in at most 2^(15 - Bits) entries, which bounds them all.
template <unsigned Bits, std::size_t Symbols>
struct Table {
  static constexpr unsigned kBits = Bits;
  static constexpr Entry kMask = (Entry{1} << Bits) - 1;
  std::array<Entry, (std::size_t{1} << Bits) + Symbols / 2 * (std::size_t{1} << (kMaxCodeBits - Bits))> entries;
};

/// 11 bits: nearly all codes of text and machine code are shorter, and 8 KiB of table stay in the first-level cache.
using LiteralTable = Table<11, kLiteralSymbols>;
using DistanceTable = Table<8, kDistanceSymbols>;
using LengthTable = Table<7, kLengthSymbols>;

/// Builders return false when the lengths make no prefix code: too many codes, or too few. As in zlib, a literal or
/// distance code of one symbol of one bit may leave the other bit unused, and a distance code may be empty.
/// `lengths` holds 0 for symbols without a code, at most 15 else.
bool build(std::span<const std::uint8_t> lengths, LiteralTable& table);
bool build(std::span<const std::uint8_t> lengths, DistanceTable& table);
/// Symbols are values; a code must be complete.
bool build(std::span<const std::uint8_t> lengths, LengthTable& table);

/// The tables of blocks with fixed codes.
void build_fixed(LiteralTable& literals, DistanceTable& distances);

}  // namespace accel::codec::deflate
