#include "accel/hash/blake3.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "accel/base/endian.hpp"
#include "accel/hash/blake3_lanes.hpp"

namespace accel::hash {

namespace {

using namespace blake3_detail;

constexpr std::size_t kMaxLanes = 8;
constexpr std::size_t kFewLanes = 4;

using CompressLanes = void (*)(const Job& job);

/// What this CPU does best.
struct Kernel {
  std::size_t lanes;
  CompressLanes many;  ///< `lanes` inputs
  CompressLanes few;   ///< kFewLanes inputs
};

void compress_4_portable(const Job& job) { compress_lanes<4, false>(job); }

#if defined(__x86_64__)
__attribute__((target("sse4.1"))) void compress_4_sse41(const Job& job) { compress_lanes<4, true>(job); }
__attribute__((target("avx2"))) void compress_4_avx2(const Job& job) { compress_lanes<4, true>(job); }
__attribute__((target("avx2"))) void compress_8_avx2(const Job& job) { compress_lanes<8, true>(job); }
#endif

Kernel choose_kernel() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return {8, compress_8_avx2, compress_4_avx2};
  if (__builtin_cpu_supports("sse4.1") != 0) return {4, compress_4_sse41, compress_4_sse41};
#endif
  return {4, compress_4_portable, compress_4_portable};
}

const Kernel& kernel() noexcept {
  static const Kernel chosen = choose_kernel();
  return chosen;
}

using Value = std::array<std::uint32_t, 8>;

/// Compresses one block of `size` bytes, zeros behind them.
void compress_one(Value& value, const std::byte* block, std::size_t size, std::uint64_t counter,
                  std::uint32_t flags) noexcept {
  std::array<std::byte, kBlock> padded{};
  if (size < kBlock) {
    if (size > 0) std::memcpy(padded.data(), block, size);
    block = padded.data();
  }
  std::uint32_t m[16];
  for (std::size_t i = 0; i < 16; ++i) m[i] = load_le<std::uint32_t>(block + 4 * i);
  std::uint32_t v[16];
  std::copy(value.begin(), value.end(), v);
  std::copy(kInitial.begin(), kInitial.begin() + 4, v + 8);
  v[12] = static_cast<std::uint32_t>(counter);
  v[13] = static_cast<std::uint32_t>(counter >> 32U);
  v[14] = static_cast<std::uint32_t>(size);
  v[15] = flags;
  rounds<std::uint32_t, false>(v, m);
  for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
}

void store(const Value& value, std::byte* out) noexcept {
  for (std::size_t i = 0; i < value.size(); ++i) store_le(out + 4 * i, value[i]);
}

/// One chunk of at most kChunk bytes; `last_flags` of its last block.
Value compress_chunk(ByteView chunk, std::uint64_t counter, std::uint32_t last_flags) noexcept {
  Value value = kInitial;
  std::uint32_t flags = kChunkStart;
  for (; chunk.size() > kBlock; chunk = chunk.subspan(kBlock)) {
    compress_one(value, chunk.data(), kBlock, counter, flags);
    flags = 0;
  }
  compress_one(value, chunk.data(), chunk.size(), counter, flags | kChunkEnd | last_flags);
  return value;
}

/// Compresses `count` inputs (at most kMaxLanes), in lanes when there are several. Idle lanes do the last input again.
void compress_many(Job job, std::size_t count) noexcept {
  const Kernel& best = kernel();
  while (count > 0) {
    const bool many = count > kFewLanes && best.lanes > kFewLanes;
    const std::size_t lanes = many ? best.lanes : kFewLanes;
    const std::size_t taken = std::min(count, lanes);
    std::array<const std::byte*, kMaxLanes> inputs{};
    for (std::size_t i = 0; i < lanes; ++i) inputs[i] = job.inputs[std::min(i, taken - 1)];
    std::array<std::byte, kMaxLanes * kValue> values;
    Job part = job;
    part.inputs = inputs.data();
    part.values = values.data();
    (many ? best.many : best.few)(part);
    std::memcpy(job.values, values.data(), taken * kValue);
    job.inputs += taken;
    job.values += taken * kValue;
    if (job.counts) job.counter += taken;
    count -= taken;
  }
}

/// The values of up to kMaxLanes chunks that make up `bytes`.
std::size_t compress_chunks(ByteView bytes, std::uint64_t counter, std::byte* values) noexcept {
  std::array<const std::byte*, kMaxLanes> inputs{};
  const std::size_t whole = bytes.size() / kChunk;
  for (std::size_t i = 0; i < whole; ++i) inputs[i] = bytes.data() + i * kChunk;
  if (whole == 1) {
    store(compress_chunk(bytes.first(kChunk), counter, 0), values);
  } else {
    compress_many({inputs.data(), kChunk / kBlock, counter, true, 0, kChunkStart, kChunkEnd, values}, whole);
  }
  const ByteView rest = bytes.subspan(whole * kChunk);
  if (rest.empty()) return whole;
  store(compress_chunk(rest, counter + whole, 0), values + whole * kValue);
  return whole + 1;
}

/// Joins `count` values (at most 2 * kMaxLanes) in pairs, in place; an odd one moves up as it is. Returns how many
/// there are then.
std::size_t join_pairs(std::byte* values, std::size_t count) noexcept {
  const std::size_t pairs = count / 2;
  std::array<const std::byte*, kMaxLanes> inputs{};
  for (std::size_t i = 0; i < pairs; ++i) inputs[i] = values + i * kBlock;
  std::array<std::byte, kMaxLanes * kValue> joined;
  compress_many({inputs.data(), 1, 0, false, kParent, 0, 0, joined.data()}, pairs);
  std::memcpy(values, joined.data(), pairs * kValue);
  if (count % 2 == 0) return pairs;
  std::memmove(values + pairs * kValue, values + (count - 1) * kValue, kValue);
  return pairs + 1;
}

/// The values at the lowest level of `bytes`' tree that has no more than fit in all lanes, so that the levels below
/// were compressed side by side. At least two for more than one chunk.
std::size_t compress_subtree(ByteView bytes, std::uint64_t counter, std::size_t lanes, std::byte* values) noexcept {
  if (bytes.size() <= lanes * kChunk) return compress_chunks(bytes, counter, values);
  // The left part is a complete tree: the largest power of two of chunks that leaves something for the right.
  const std::size_t left = std::bit_floor((bytes.size() - 1) / kChunk) * kChunk;
  std::array<std::byte, 2 * kMaxLanes * kValue> both;
  std::size_t count = compress_subtree(bytes.first(left), counter, lanes, both.data());
  count += compress_subtree(bytes.subspan(left), counter + left / kChunk, lanes, both.data() + count * kValue);
  count = join_pairs(both.data(), count);
  std::memcpy(values, both.data(), count * kValue);
  return count;
}

}  // namespace

std::array<std::byte, 32> blake3(ByteView bytes) noexcept {
  std::array<std::byte, 32> digest;
  if (bytes.size() <= kChunk) {
    store(compress_chunk(bytes, 0, kRoot), digest.data());
    return digest;
  }
  std::array<std::byte, 2 * kMaxLanes * kValue> values;
  std::size_t count = compress_subtree(bytes, 0, kernel().lanes, values.data());
  while (count > 2) count = join_pairs(values.data(), count);
  Value root = kInitial;
  compress_one(root, values.data(), kBlock, 0, kParent | kRoot);
  store(root, digest.data());
  return digest;
}

}  // namespace accel::hash
