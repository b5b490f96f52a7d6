/// The content of a v6 directory. Spec: rafs-v6.md 8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"

namespace accel::formats::nydus::v6 {

/// The names of one directory with "." and "..", in byte order, cut into blocks.
class DirectoryContent {
 public:
  struct Entry {
    std::string_view name;  ///< view into the tree, which must not change
    Tree::Name target;
  };
  struct Block {
    std::size_t first, last;  ///< of entries; last exclusive
    std::size_t size;         ///< bytes used of kBlockSize
  };

  DirectoryContent(const Tree& tree, const Numbering& numbering, const Numbering::Directory& directory);

  /// Bytes: what the inode says.
  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] const std::vector<Block>& blocks() const noexcept { return blocks_; }
  /// Writes one block to zeroed memory. `nid_of(name)` gives the nid of a target.
  template <class NidOf>
  void write(const Block& block, std::byte* to, const NidOf& nid_of) const {
    auto name_offset = static_cast<std::uint16_t>((block.last - block.first) * kDirentSize);
    for (std::size_t i = block.first; i < block.last; ++i, to += kDirentSize) {
      name_offset =
          store_entry(entries_[i], nid_of(entries_[i].target), name_offset, to, to - (i - block.first) * kDirentSize);
    }
  }

 private:
  std::uint16_t store_entry(const Entry& entry, std::uint64_t nid, std::uint16_t name_offset, std::byte* to,
                            std::byte* block) const;

  const Tree& tree_;
  std::vector<Entry> entries_;
  std::vector<Block> blocks_;
};

}  // namespace accel::formats::nydus::v6
