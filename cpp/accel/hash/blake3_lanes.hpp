/// The compression function of BLAKE3 for several inputs side by side: lane i of each vector belongs to input i.
/// Internal to hash. Everything is inlined into callers that choose the instruction set, and vectors go by reference:
/// by value their calling convention would depend on it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "accel/base/endian.hpp"

namespace accel::hash::blake3_detail {

inline constexpr std::size_t kBlock = 64;
inline constexpr std::size_t kChunk = 1024;
inline constexpr std::size_t kValue = 32;  // bytes of a chaining value
inline constexpr std::size_t kRounds = 7;

enum Flag : std::uint32_t { kChunkStart = 1, kChunkEnd = 2, kParent = 4, kRoot = 8 };

inline constexpr std::array<std::uint32_t, 8> kInitial = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                                          0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

using Schedule = std::array<std::array<std::uint8_t, 16>, kRounds>;

/// Which message word each step of each round takes: every round permutes the words of the one before.
constexpr Schedule make_schedule() {
  constexpr std::array<std::uint8_t, 16> permutation = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  Schedule schedule{};
  for (std::uint8_t i = 0; i < 16; ++i) schedule[0][i] = i;
  for (std::size_t round = 1; round < kRounds; ++round) {
    for (std::size_t i = 0; i < 16; ++i) schedule[round][i] = schedule[round - 1][permutation[i]];
  }
  return schedule;
}
inline constexpr Schedule kSchedule = make_schedule();

/// Inputs of equal length that are compressed alike.
struct Job {
  const std::byte* const* inputs;
  std::size_t blocks;  ///< of each input
  std::uint64_t counter;
  bool counts;  ///< the counter goes up from input to input
  std::uint32_t flags, first_flags, last_flags;
  std::byte* values;  ///< kValue bytes for each input
};

/// Rotation by whole bytes is one shuffle where the CPU shuffles bytes.
template <class W, unsigned kBits, std::size_t... I>
[[gnu::always_inline]] inline void shuffle_bytes(W& x, std::index_sequence<I...>) {
  typedef std::uint8_t Octets __attribute__((vector_size(sizeof(W))));
  const Octets octets = __builtin_bit_cast(Octets, x);
  x = __builtin_bit_cast(W,
                         __builtin_shufflevector(octets, octets, ((I & ~std::size_t{3}) | ((I + kBits / 8) & 3U))...));
}

template <class W, bool kByBytes, unsigned kBits>
[[gnu::always_inline]] inline void rotate(W& x) {
  if constexpr (kByBytes && kBits % 8 == 0) {
    shuffle_bytes<W, kBits>(x, std::make_index_sequence<sizeof(W)>());
  } else {
    x = (x >> kBits) | (x << (32U - kBits));
  }
}

template <class W, bool kByBytes>
[[gnu::always_inline]] inline void mix(W& a, W& b, W& c, W& d, const W& x, const W& y) {
  a += b + x;
  d ^= a;
  rotate<W, kByBytes, 16>(d);
  c += d;
  b ^= c;
  rotate<W, kByBytes, 12>(b);
  a += b + y;
  d ^= a;
  rotate<W, kByBytes, 8>(d);
  c += d;
  b ^= c;
  rotate<W, kByBytes, 7>(b);
}

template <class W, bool kByBytes>
[[gnu::always_inline]] inline void rounds(W* v, const W* m) {
#if defined(__clang__)
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 7
#endif
  for (std::size_t round = 0; round < kRounds; ++round) {
    const auto& s = kSchedule[round];
    mix<W, kByBytes>(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    mix<W, kByBytes>(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix<W, kByBytes>(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    mix<W, kByBytes>(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix<W, kByBytes>(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    mix<W, kByBytes>(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix<W, kByBytes>(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    mix<W, kByBytes>(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
}

template <std::size_t N>
struct VectorOf {
  typedef std::uint32_t Type __attribute__((vector_size(4 * N)));
};

/// a[0] b[0] a[1] b[1] … as the two shuffles of the transposition below want it.
template <class W, int... I>
[[gnu::always_inline]] inline void shuffle(W& out, const W& a, const W& b) {
  out = __builtin_shufflevector(a, b, I...);
}

/// Row i of `rows` becomes lane i of all words.
template <class W>
[[gnu::always_inline]] inline void transpose4(const W* rows, W* words) {
  W pairs[4];
  shuffle<W, 0, 4, 1, 5>(pairs[0], rows[0], rows[1]);
  shuffle<W, 2, 6, 3, 7>(pairs[1], rows[0], rows[1]);
  shuffle<W, 0, 4, 1, 5>(pairs[2], rows[2], rows[3]);
  shuffle<W, 2, 6, 3, 7>(pairs[3], rows[2], rows[3]);
  shuffle<W, 0, 1, 4, 5>(words[0], pairs[0], pairs[2]);
  shuffle<W, 2, 3, 6, 7>(words[1], pairs[0], pairs[2]);
  shuffle<W, 0, 1, 4, 5>(words[2], pairs[1], pairs[3]);
  shuffle<W, 2, 3, 6, 7>(words[3], pairs[1], pairs[3]);
}

/// The same for eight rows; within halves first, as AVX2's shuffles do not cross them.
template <class W>
[[gnu::always_inline]] inline void transpose8(const W* rows, W* words) {
  W quads[8];  // four rows each: columns 0|4, 1|5, 2|6, 3|7 of rows 0–3, then of rows 4–7
  for (std::size_t half = 0; half < 2; ++half) {
    const W* const r = rows + 4 * half;
    W pairs[4];
    shuffle<W, 0, 8, 1, 9, 4, 12, 5, 13>(pairs[0], r[0], r[1]);
    shuffle<W, 2, 10, 3, 11, 6, 14, 7, 15>(pairs[1], r[0], r[1]);
    shuffle<W, 0, 8, 1, 9, 4, 12, 5, 13>(pairs[2], r[2], r[3]);
    shuffle<W, 2, 10, 3, 11, 6, 14, 7, 15>(pairs[3], r[2], r[3]);
    W* const q = quads + 4 * half;
    shuffle<W, 0, 1, 8, 9, 4, 5, 12, 13>(q[0], pairs[0], pairs[2]);
    shuffle<W, 2, 3, 10, 11, 6, 7, 14, 15>(q[1], pairs[0], pairs[2]);
    shuffle<W, 0, 1, 8, 9, 4, 5, 12, 13>(q[2], pairs[1], pairs[3]);
    shuffle<W, 2, 3, 10, 11, 6, 7, 14, 15>(q[3], pairs[1], pairs[3]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    shuffle<W, 0, 1, 2, 3, 8, 9, 10, 11>(words[i], quads[i], quads[i + 4]);
    shuffle<W, 4, 5, 6, 7, 12, 13, 14, 15>(words[i + 4], quads[i], quads[i + 4]);
  }
}

/// The 16 message words of the block at `offset` of every input.
template <class W, std::size_t N>
[[gnu::always_inline]] inline void load_block(const std::byte* const* inputs, std::size_t offset, W* words) {
  for (std::size_t part = 0; part < 16 / N; ++part) {
    W rows[N];
    for (std::size_t lane = 0; lane < N; ++lane) {
      const std::byte* const from = inputs[lane] + offset + part * 4 * N;
      if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&rows[lane], from, sizeof(W));
      } else {
        for (std::size_t i = 0; i < N; ++i) rows[lane][i] = load_le<std::uint32_t>(from + 4 * i);
      }
    }
    if constexpr (N == 8) {
      transpose8(rows, words + part * N);
    } else {
      transpose4(rows, words + part * N);
    }
  }
}

/// Compresses N inputs.
template <std::size_t N, bool kByBytes>
[[gnu::always_inline]] inline void compress_lanes(const Job& job) {
  using W = typename VectorOf<N>::Type;
  W value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = W{} + kInitial[i];
  W low{};
  W high{};
  for (std::size_t lane = 0; lane < N; ++lane) {
    const std::uint64_t counter = job.counter + (job.counts ? lane : 0);
    low[lane] = static_cast<std::uint32_t>(counter);
    high[lane] = static_cast<std::uint32_t>(counter >> 32U);
  }
  for (std::size_t block = 0; block < job.blocks; ++block) {
    W m[16];
    load_block<W, N>(job.inputs, block * kBlock, m);
    const std::uint32_t flags =
        job.flags | (block == 0 ? job.first_flags : 0U) | (block + 1 == job.blocks ? job.last_flags : 0U);
    W v[16] = {value[0],
               value[1],
               value[2],
               value[3],
               value[4],
               value[5],
               value[6],
               value[7],
               W{} + kInitial[0],
               W{} + kInitial[1],
               W{} + kInitial[2],
               W{} + kInitial[3],
               low,
               high,
               W{} + std::uint32_t{kBlock},
               W{} + flags};
    rounds<W, kByBytes>(v, m);
    for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
  }
  for (std::size_t lane = 0; lane < N; ++lane) {
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint32_t word = value[i][lane];
      store_le(job.values + lane * kValue + 4 * i, word);
    }
  }
}

}  // namespace accel::hash::blake3_detail
