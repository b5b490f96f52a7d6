/// The order in which bootstraps number what is in a tree. Spec: rafs-v6.md 6.2, rafs-v5.md 9.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "accel/formats/nydus/rafs/tree.hpp"

namespace accel::formats::nydus {

/// Indexes begin at 1, the root's. The children of a directory follow each other in byte order of their names; then
/// each child that is a directory has its own children numbered, with everything below, before the next one.
struct Numbering {
  struct Directory {
    Tree::Name name = Tree::kRoot;
    std::uint32_t index = 1;
    std::uint32_t parent = 0;       ///< position in `directories`; the root's is its own
    std::uint32_t first_child = 2;  ///< an index; the next free one for a directory without children
    std::uint32_t child_count = 0;
  };
  std::vector<Tree::Name> names;           ///< by index, from 1 on: names[index - 1]
  std::vector<Directory> directories;      ///< each before those below it, siblings in byte order of their names
  std::vector<std::uint32_t> first_index;  ///< by inode: the index of its first name; 0: it has none
  std::vector<std::uint32_t> link_counts;  ///< by inode: names; of a directory 2 and one for each subdirectory
  std::uint32_t inode_count = 0;           ///< inodes that have names

  [[nodiscard]] std::span<const Tree::Name> children(const Directory& directory) const {
    return std::span(names).subspan(directory.first_child - 1, directory.child_count);
  }
};

/// Linear in the names. Throws FormatError for a directory with two names.
Numbering number_names(const Tree& tree);

}  // namespace accel::formats::nydus
