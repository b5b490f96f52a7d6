/// Where each inode of a tree goes in a v6 bootstrap. Spec: rafs-v6.md 6.
#pragma once

#include <cstdint>
#include <vector>

#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus::v6 {

/// By inode. Offsets are logical: from the metadata base.
struct Placement {
  std::vector<std::uint32_t> nids;         ///< 0: no name refers to the inode
  std::vector<std::uint32_t> data_blocks;  ///< directories and symlinks: block of the data that is not inline
  std::vector<bool> inline_tails;          ///< directories and symlinks: see Allocator::Place
  std::vector<std::uint32_t> xattr_sizes;  ///< by set of attributes, of those in use: bytes behind the inode
  bool has_xattrs = false;
  std::uint64_t end = 0;  ///< where inodes and their data end
};

/// Throws FormatError naming the path of an inode that v6 cannot hold (see check_inode).
Placement place_inodes(const Rafs& rafs, const Numbering& numbering);

}  // namespace accel::formats::nydus::v6
