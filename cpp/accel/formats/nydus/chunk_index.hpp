/// Finds chunks by their digests.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// An index over a growing list of chunks which it does not hold: 8 bytes a chunk.
class ChunkIndex {
 public:
  /// `chunks` outlives the index.
  explicit ChunkIndex(const std::vector<Chunk>& chunks) : chunks_(chunks) {}

  /// The number of the chunk with this digest and size.
  [[nodiscard]] std::optional<std::uint32_t> find(const RawDigest& digest, std::uint32_t uncompressed_size) const;
  /// Takes the last chunk of the list in, whose digest is new.
  void add_last();

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;

  void insert(std::uint32_t number);
  void grow();

  const std::vector<Chunk>& chunks_;
  std::vector<std::uint32_t> slots_;  // open addressing, linear probing; a power of two, at most half taken
  std::size_t taken_ = 0;
};

}  // namespace accel::formats::nydus
