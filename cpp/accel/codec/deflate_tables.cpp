#include "accel/codec/deflate_tables.hpp"

#include <algorithm>

namespace accel::codec::deflate {

namespace {

constexpr std::size_t kEndSymbol = 256;
constexpr std::size_t kFirstLength = 257;
constexpr std::size_t kValidLiterals = 286;
constexpr std::size_t kValidDistances = 30;

/// An entry without the bits of its code: `bits` are the extra bits.
constexpr Entry prototype(std::uint32_t value, std::uint32_t bits) { return value << 16U | bits; }

constexpr std::array<Entry, kLiteralSymbols> kLiteralPrototypes = [] {
  std::array<Entry, kLiteralSymbols> entries{};
  for (std::uint32_t i = 0; i < kEndSymbol; ++i) entries[i] = kLiteral | prototype(i, 0);
  entries[kEndSymbol] = kSpecial | kEndOfBlock;
  // Eight lengths without extra bits, then four of each number of extra bits; 258 has a symbol of its own.
  std::uint32_t length = 3;
  for (std::uint32_t i = kFirstLength; i < kValidLiterals - 1; ++i) {
    const auto step = static_cast<std::uint32_t>(i - kFirstLength);
    const std::uint32_t extra = step < 8 ? 0 : step / 4 - 1;
    entries[i] = prototype(length, extra);
    length += 1U << extra;
  }
  entries[kValidLiterals - 1] = prototype(kMaxMatch, 0);
  for (std::size_t i = kValidLiterals; i < kLiteralSymbols; ++i) entries[i] = kSpecial | kInvalid;
  return entries;
}();

constexpr std::array<Entry, kDistanceSymbols> kDistancePrototypes = [] {
  std::array<Entry, kDistanceSymbols> entries{};
  std::uint32_t distance = 1;
  for (std::uint32_t i = 0; i < kValidDistances; ++i) {
    const std::uint32_t extra = i < 4 ? 0 : i / 2 - 1;
    entries[i] = prototype(distance, extra);
    distance += 1U << extra;
  }
  for (std::size_t i = kValidDistances; i < kDistanceSymbols; ++i) entries[i] = kSpecial | kInvalid;
  return entries;
}();

constexpr std::array<Entry, kLengthSymbols> kLengthPrototypes = [] {
  std::array<Entry, kLengthSymbols> entries{};
  for (std::uint32_t i = 0; i < kLengthSymbols; ++i) entries[i] = prototype(i, 0);
  return entries;
}();

/// Symbols with a code in the order of their codes, and how many codes there are of each length.
struct Canonical {
  std::array<std::uint16_t, kMaxCodeBits + 1> count{};
  std::array<std::uint16_t, kLiteralSymbols> symbols;
  std::size_t coded = 0;
  unsigned longest = 0;
  std::int32_t unused = 1;  ///< codes of the longest length left over; negative: there are too many
};

Canonical arrange(std::span<const std::uint8_t> lengths) {
  Canonical order;
  for (const std::uint8_t length : lengths) ++order.count[length];
  order.count[0] = 0;
  std::array<std::uint16_t, kMaxCodeBits + 2> next{};
  for (unsigned length = 1; length <= kMaxCodeBits; ++length) {
    const std::uint16_t count = order.count[length];
    next[length + 1] = static_cast<std::uint16_t>(next[length] + count);
    if (count > 0) order.longest = length;
    order.unused = order.unused * 2 - count;
    if (order.unused < 0) return order;
  }
  order.coded = next[kMaxCodeBits + 1];
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > 0) order.symbols[next[lengths[i]]++] = static_cast<std::uint16_t>(i);
  }
  return order;
}

/// The next code of `length` bits. Codes are kept with their first bit lowest, as the stream has them.
std::uint32_t next_code(std::uint32_t code, unsigned length) {
  std::uint32_t bit = 1U << (length - 1);
  while ((code & bit) != 0) bit >>= 1U;
  return bit == 0 ? 0 : (code & (bit - 1)) | bit;
}

/// How many bits choose among the codes that begin like the next one, which has `length` bits. `left` counts the codes
/// not placed yet, by length.
unsigned long_code_bits(const std::array<std::uint16_t, kMaxCodeBits + 1>& left, unsigned length, unsigned longest,
                        unsigned table_bits) {
  unsigned bits = length - table_bits;
  std::int32_t room = (1 << bits) - left[length];
  while (room > 0 && table_bits + bits < longest) {
    ++bits;
    room = room * 2 - left[table_bits + bits];
  }
  return bits;
}

void fill(const Canonical& order, std::span<const std::uint8_t> lengths, std::span<const Entry> prototypes,
          unsigned table_bits, std::span<Entry> table) {
  const std::uint32_t size = 1U << table_bits;
  std::array<std::uint16_t, kMaxCodeBits + 1> left = order.count;
  std::uint32_t code = 0;
  std::uint32_t prefix = size;  // of the table being filled behind the first; no code has this one
  std::uint32_t start = 0;
  std::uint32_t end = size;
  unsigned sub_bits = 0;
  for (std::size_t i = 0; i < order.coded; ++i) {
    const std::uint16_t symbol = order.symbols[i];
    const unsigned length = lengths[symbol];
    if (length <= table_bits) {
      const Entry entry = prototypes[symbol] + length * 0x101U;
      for (std::uint32_t at = code; at < size; at += 1U << length) table[at] = entry;
    } else {
      if ((code & (size - 1)) != prefix) {
        prefix = code & (size - 1);
        sub_bits = long_code_bits(left, length, order.longest, table_bits);
        start = end;
        end += 1U << sub_bits;
        table[prefix] = kSpecial | kLongCode | start << 16U | sub_bits << 8U | table_bits;
      }
      const unsigned rest = length - table_bits;
      const Entry entry = prototypes[symbol] + rest * 0x101U;
      for (std::uint32_t at = code >> table_bits; at < 1U << sub_bits; at += 1U << rest) table[start + at] = entry;
    }
    --left[length];
    code = next_code(code, length);
  }
}

enum class Incomplete : std::uint8_t { never, one_symbol };

template <class T>
bool build_table(std::span<const std::uint8_t> lengths, std::span<const Entry> prototypes, Incomplete allowed,
                 T& table) {
  const Canonical order = arrange(lengths);
  if (order.unused < 0) return false;
  if (order.unused > 0) {
    if (allowed == Incomplete::never || order.longest > 1) return false;
    std::fill_n(table.entries.begin(), std::size_t{1} << T::kBits, kSpecial | kInvalid | 1U);
  }
  fill(order, lengths, prototypes, T::kBits, table.entries);
  return true;
}

}  // namespace

bool build(std::span<const std::uint8_t> lengths, LiteralTable& table) {
  return build_table(lengths, kLiteralPrototypes, Incomplete::one_symbol, table);
}

bool build(std::span<const std::uint8_t> lengths, DistanceTable& table) {
  return build_table(lengths, kDistancePrototypes, Incomplete::one_symbol, table);
}

bool build(std::span<const std::uint8_t> lengths, LengthTable& table) {
  return build_table(lengths, kLengthPrototypes, Incomplete::never, table);
}

void build_fixed(LiteralTable& literals, DistanceTable& distances) {
  std::array<std::uint8_t, kLiteralSymbols> lengths;
  std::fill_n(lengths.begin(), 144, std::uint8_t{8});
  std::fill_n(lengths.begin() + 144, 112, std::uint8_t{9});
  std::fill_n(lengths.begin() + 256, 24, std::uint8_t{7});
  std::fill_n(lengths.begin() + 280, 8, std::uint8_t{8});
  build(lengths, literals);
  std::array<std::uint8_t, kDistanceSymbols> distance_lengths;
  distance_lengths.fill(5);
  build(distance_lengths, distances);
}

}  // namespace accel::codec::deflate
