/// The inner loop of DeflateInflater: as many symbols as input and room surely allow, without asking at each one.
/// Internal to codec.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/codec/deflate_tables.hpp"

namespace accel::codec::deflate {

/// Input and room that must be left for another round: what a round reads at most, and what it writes at most, copies
/// that overshoot included.
inline constexpr std::ptrdiff_t kBulkInput = 32;
inline constexpr std::ptrdiff_t kBulkRoom = 3 + static_cast<std::ptrdiff_t>(kMaxMatch) + 32;

struct BulkState {
  std::uint64_t bits;  ///< as DeflateInflater has them; in between, bits above `bit_count` are those of the input, too
  unsigned bit_count;
  const std::byte* in;
  const std::byte* in_end;
  const std::byte* out_begin;  ///< where matches may refer to in this memory
  std::byte* out;
  std::byte* out_end;
  const std::byte* window_end;  ///< what came before `out_begin`
  std::size_t window_size;
  unsigned end_code_bits = 0;  ///< set with `end_of_block`: how long the code for it was
};

enum class BulkStop : std::uint8_t { margin, end_of_block, invalid_symbol, invalid_distance, too_far_back };

/// Decodes symbols of a block. On `margin` and `end_of_block` the state is that between two symbols; else the data is
/// wrong.
BulkStop decode_bulk(BulkState& state, const LiteralTable& literals, const DistanceTable& distances);

/// Copies `length` bytes that lie `distance` before `out`, partly before `out_begin` in the window. Both are there.
void copy_match(std::byte* out, std::size_t length, std::size_t distance, const std::byte* out_begin,
                const std::byte* window_end) noexcept;

}  // namespace accel::codec::deflate
