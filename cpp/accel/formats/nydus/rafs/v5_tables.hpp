/// Superblock, tables and records of a version 5 bootstrap as they are read. Spec: rafs-v5.md 3 to 8. Internal to the
/// reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

struct V5Super {
  std::uint32_t chunk_size = 0;
  std::uint64_t flags = 0;
  std::uint64_t inode_count = 0;  ///< names that are hardlinked count once
  struct Table {
    std::uint64_t offset = 0, size = 0;
  };
  Table inodes, prefetch, blobs, extended;
  std::uint32_t entries = 0;  ///< of the inode table: names
  std::uint32_t prefetch_entries = 0;
  Compressor compressor = Compressor::lz4_block;
  Digester digester = Digester::blake3;

  [[nodiscard]] bool explicit_ids() const noexcept;
  [[nodiscard]] bool has_xattrs() const noexcept;
};

V5Super read_v5_super(const BootstrapBytes& bytes);
/// Blob table and extended blob table. Without the latter (old images) sizes and counts are unlimited.
std::vector<Blob> read_v5_blobs(const BootstrapBytes& bytes, const V5Super& super);

/// The record of one name.
struct V5Record {
  std::uint64_t offset = 0;
  RawDigest digest{};
  std::uint64_t parent = 0, number = 0;
  std::uint32_t link_count = 0;
  std::uint32_t first_child = 0;  ///< directories
  std::uint32_t children = 0;     ///< of a directory; chunks of a regular file
  std::string_view name, link_target;
  ByteView xattrs;  ///< pairs; only with `has_xattrs`
  bool has_xattrs = false;
  ByteView chunks;  ///< entries of 80 bytes
  std::uint64_t chunks_offset = 0;
  std::uint64_t end = 0;
  Inode value;  ///< without what refers to a tree
};

/// Reads the record of index `index` (from 1), with all checks that one record allows.
V5Record read_v5_record(const BootstrapBytes& bytes, const V5Super& super, std::uint32_t index);

/// The pairs of its xattr table.
Xattrs read_v5_xattrs(const V5Record& record);

}  // namespace accel::formats::nydus
