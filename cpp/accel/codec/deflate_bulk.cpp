#include "accel/codec/deflate_bulk.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "accel/base/endian.hpp"

namespace accel::codec::deflate {

namespace {

// What the loop is made of must be inlined into each of its versions, to be compiled for that version's processor.
#if defined(__GNUC__)
#define ACCEL_INLINE inline __attribute__((always_inline))
#else
#define ACCEL_INLINE inline
#endif

ACCEL_INLINE std::uint64_t load_word(const std::byte* from) {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
  } else {
    return load_le<std::uint64_t>(from);
  }
}

template <std::size_t Size>
ACCEL_INLINE void copy_block(std::byte* to, const std::byte* from) {
  std::array<std::byte, Size> block;
  std::memcpy(block.data(), from, Size);
  std::memcpy(to, block.data(), Size);
}

/// Bits are taken from the low end of a word that is kept full.
class Bits {
 public:
  ACCEL_INLINE explicit Bits(const BulkState& state) : word_(state.bits), count_(state.bit_count), in_(state.in) {}

  /// At least 56 bits are there afterwards. Reads 8 bytes, of which it counts those that fit as a whole; the bits of
  /// the next byte that fit are put in again by the next call, the same ones.
  ACCEL_INLINE void refill() {
    word_ |= load_word(in_) << count_;
    in_ += (63U - count_) >> 3U;
    count_ |= 56U;
  }
  [[nodiscard]] ACCEL_INLINE std::uint64_t word() const { return word_; }
  [[nodiscard]] ACCEL_INLINE unsigned count() const { return count_; }
  [[nodiscard]] ACCEL_INLINE const std::byte* in() const { return in_; }
  ACCEL_INLINE void drop(unsigned count) {
    word_ >>= count;
    count_ -= count;
  }
  /// Takes code and extra bits of `entry` and returns the length or distance they stand for.
  ACCEL_INLINE std::uint32_t take_value(Entry entry) {
    const std::uint64_t low = word_ & ((std::uint64_t{1} << bits_of(entry)) - 1);
    drop(bits_of(entry));
    return value_of(entry) + static_cast<std::uint32_t>(low >> code_bits_of(entry));
  }
  ACCEL_INLINE void store(BulkState& state) const {
    state.bits = word_ & ((std::uint64_t{1} << count_) - 1);
    state.bit_count = count_;
    state.in = in_;
  }

 private:
  std::uint64_t word_;
  unsigned count_;
  const std::byte* in_;
};

/// Copies within the output; may write up to 31 bytes beyond.
ACCEL_INLINE void copy_near(std::byte* out, std::size_t length, std::size_t distance) {
  const std::byte* from = out - distance;
  std::byte* const end = out + length;
  if (distance >= 16) {
    do {
      copy_block<16>(out, from);
      out += 16;
      from += 16;
    } while (out < end);
  } else if (distance == 1) {
    std::memset(out, std::to_integer<int>(*from), (length + 15) / 16 * 16);
  } else if (distance >= 8) {
    do {
      copy_block<8>(out, from);
      out += 8;
      from += 8;
    } while (out < end);
  } else {
    // A short pattern: the first 8 bytes one by one, then whole words from as many whole patterns back as give 8 bytes.
    for (std::size_t i = 0; i < 8; ++i) out[i] = from[i];
    const std::size_t step = 8 / distance * distance;
    for (out += step; out < end; out += step) copy_block<8>(out, out - step);
  }
}

ACCEL_INLINE BulkStop decode(BulkState& state, const LiteralTable& literal_table, const DistanceTable& distance_table) {
  const Entry* const literals = literal_table.entries.data();
  const Entry* const distances = distance_table.entries.data();
  Bits bits(state);
  std::byte* out = state.out;
  const auto next = [&] { return literals[bits.word() & LiteralTable::kMask]; };
  const auto stop = [&](BulkStop why) {
    bits.store(state);
    state.out = out;
    return why;
  };
  while (state.in_end - bits.in() >= kBulkInput && state.out_end - out >= kBulkRoom) {
    bits.refill();
    Entry entry = next();
    // Rounds after the first have `entry` looked up ahead, and the bits filled.
    for (;;) {
      if ((entry & kLiteral) != 0) {
        // Three codes of at most 11 bits, then a length and its extra bits of at most 20, fit into 56.
        bits.drop(bits_of(entry));
        *out++ = static_cast<std::byte>(entry >> 16U);
        entry = next();
        if ((entry & kLiteral) != 0) {
          bits.drop(bits_of(entry));
          *out++ = static_cast<std::byte>(entry >> 16U);
          entry = next();
          if ((entry & kLiteral) != 0) {
            bits.drop(bits_of(entry));
            *out++ = static_cast<std::byte>(entry >> 16U);
            break;
          }
        }
      }
      if ((entry & kSpecial) != 0) [[unlikely]] {
        unsigned end_bits = 0;
        if ((entry & kLongCode) != 0) {
          end_bits = bits_of(entry);
          bits.drop(end_bits);
          entry = literals[value_of(entry) + (bits.word() & ((1U << code_bits_of(entry)) - 1))];
          if ((entry & kLiteral) != 0) {
            bits.drop(bits_of(entry));
            *out++ = static_cast<std::byte>(entry >> 16U);
            break;
          }
        }
        if ((entry & kEndOfBlock) != 0) {
          bits.drop(bits_of(entry));
          state.end_code_bits = end_bits + bits_of(entry);
          return stop(BulkStop::end_of_block);
        }
        if ((entry & kInvalid) != 0) return stop(BulkStop::invalid_symbol);
      }
      const std::size_t length = bits.take_value(entry);

      if (bits.count() < 28) bits.refill();  // a distance and its extra bits
      entry = distances[bits.word() & DistanceTable::kMask];
      if ((entry & kSpecial) != 0) [[unlikely]] {
        if ((entry & kLongCode) != 0) {
          bits.drop(bits_of(entry));
          entry = distances[value_of(entry) + (bits.word() & ((1U << code_bits_of(entry)) - 1))];
        }
        if ((entry & kInvalid) != 0) return stop(BulkStop::invalid_distance);
      }
      const std::size_t distance = bits.take_value(entry);
      bits.refill();
      entry = next();

      const auto behind = static_cast<std::size_t>(out - state.out_begin);
      if (distance <= behind) [[likely]] {
        copy_near(out, length, distance);
      } else {
        if (distance - behind > state.window_size) return stop(BulkStop::too_far_back);
        copy_match(out, length, distance, state.out_begin, state.window_end);
      }
      out += length;
      if (state.in_end - bits.in() < kBulkInput || state.out_end - out < kBulkRoom) return stop(BulkStop::margin);
    }
  }
  return stop(BulkStop::margin);
}

#if defined(__x86_64__) && defined(__GNUC__)
/// Shifts by a variable amount without detours, which is most of what the loop does.
__attribute__((target("bmi,bmi2"))) BulkStop decode_bmi2(BulkState& state, const LiteralTable& literals,
                                                         const DistanceTable& distances) {
  return decode(state, literals, distances);
}
#endif

}  // namespace

BulkStop decode_bulk(BulkState& state, const LiteralTable& literals, const DistanceTable& distances) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool has_bmi2 = __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
  if (has_bmi2) return decode_bmi2(state, literals, distances);
#endif
  return decode(state, literals, distances);
}

void copy_match(std::byte* out, std::size_t length, std::size_t distance, const std::byte* out_begin,
                const std::byte* window_end) noexcept {
  const auto behind = static_cast<std::size_t>(out - out_begin);
  if (distance > behind) {
    const std::size_t count = std::min(length, distance - behind);
    std::memcpy(out, window_end - (distance - behind), count);
    out += count;
    length -= count;
  }
  // What is left begins within the output and may run into itself.
  const std::byte* from = out - distance;
  for (std::size_t i = 0; i < length; ++i) out[i] = from[i];
}

}  // namespace accel::codec::deflate
