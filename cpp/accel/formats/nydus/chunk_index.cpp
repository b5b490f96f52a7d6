#include "accel/formats/nydus/chunk_index.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/endian.hpp"

namespace accel::formats::nydus {

namespace {

/// Digests are as good as random: any eight bytes of them are a hash.
std::size_t hash_of(const RawDigest& digest) { return static_cast<std::size_t>(load_le<std::uint64_t>(digest.data())); }

constexpr std::size_t kFirstSlots = 256;

}  // namespace

std::optional<std::uint32_t> ChunkIndex::find(const RawDigest& digest, std::uint32_t uncompressed_size) const {
  if (slots_.empty()) return std::nullopt;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash_of(digest) & mask; slots_[at] != kFree; at = (at + 1) & mask) {
    const Chunk& chunk = chunks_[slots_[at]];
    if (chunk.digest == digest && chunk.uncompressed_size == uncompressed_size) return slots_[at];
  }
  return std::nullopt;
}

void ChunkIndex::add_last() {
  if (2 * (taken_ + 1) > slots_.size()) grow();
  insert(static_cast<std::uint32_t>(chunks_.size() - 1));
  ++taken_;
}

void ChunkIndex::insert(std::uint32_t number) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_of(chunks_[number].digest) & mask;
  while (slots_[at] != kFree) at = (at + 1) & mask;
  slots_[at] = number;
}

void ChunkIndex::grow() {
  const std::vector<std::uint32_t> old =
      std::exchange(slots_, std::vector<std::uint32_t>(std::max(kFirstSlots, 2 * slots_.size()), kFree));
  for (const std::uint32_t number : old) {
    if (number != kFree) insert(number);
  }
}

}  // namespace accel::formats::nydus
