/// The superblocks and tables of a version 6 bootstrap as they are read. Spec: rafs-v6.md 3 to 5, 12 to 14. Internal to
/// the reader.
#pragma once

#include <cstdint>
#include <vector>

#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// What both superblocks say, checked.
struct V6Super {
  std::uint32_t block_size = 0;  ///< 4096, or 512 for TARFS
  std::uint32_t chunk_size = 0;
  std::uint64_t inode_base = 0;  ///< where nid 0 is, in bytes
  std::uint64_t root_nid = 0;
  std::uint64_t names = 0;         ///< the superblock's inode count: the root and every name
  std::uint32_t data_blocks = 0;   ///< of all blobs together
  std::uint32_t device_count = 0;  ///< also the number of blobs
  std::uint64_t flags = 0;
  Compressor compressor = Compressor::zstd;
  Digester digester = Digester::blake3;
  struct Table {
    std::uint64_t offset = 0, size = 0;
  };
  Table blobs, chunks, prefetch;

  [[nodiscard]] bool tarfs() const noexcept;
  [[nodiscard]] bool explicit_ids() const noexcept;
  [[nodiscard]] bool has_xattrs() const noexcept;
};

V6Super read_v6_super(const BootstrapBytes& bytes);
/// Blob table and device table, which must agree.
std::vector<Blob> read_v6_blobs(const BootstrapBytes& bytes, const V6Super& super);
/// The chunk information table, in its order, each chunk checked against its blob. Empty for TARFS, whose table says
/// nothing.
std::vector<Chunk> read_v6_chunks(const BootstrapBytes& bytes, const V6Super& super, const std::vector<Blob>& blobs);
/// The nids of the prefetch table.
std::vector<std::uint32_t> read_v6_prefetch(const BootstrapBytes& bytes, const V6Super& super);

/// Finds chunks by what the 8-byte entries of files say: blob, index in it and block address. Throws FormatError when
/// two chunks share a place.
class ChunkPlaces {
 public:
  ChunkPlaces(const std::vector<Chunk>& chunks, const V6Super& super);

  /// The position of the chunk in the table; kNone when it has none.
  [[nodiscard]] std::uint32_t find(std::uint32_t blob, std::uint32_t index, std::uint32_t block) const;
  static constexpr std::uint32_t kNone = UINT32_MAX;

 private:
  struct Place {
    std::uint64_t key;  // blob and index
    std::uint32_t block, position;
  };
  std::vector<Place> places_;  // sorted by key
};

}  // namespace accel::formats::nydus
