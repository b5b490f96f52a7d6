/// The names and inodes of a RAFS file system, held in flat arrays: about 90 bytes a file besides its name, so that an
/// image with millions of files fits in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/tar/entry.hpp"

namespace accel::formats::nydus {

/// Names refer to inodes by number; hardlinked names share one.
struct Inode {
  tar::EntryType type = tar::EntryType::directory;  ///< never hardlink
  bool implicit = false;                            ///< a directory no entry of the layer was about (corrections.md 10)
  std::uint16_t mode = 0755;                        ///< permissions and set-id bits, no type bits
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t device = 0;  ///< Linux 32-bit encoding (rafs-v6.md 7.4); devices only
  std::uint64_t size = 0;    ///< bytes of a regular file
  std::int64_t mtime = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t link_target = 0;                   ///< symlinks: see Tree::text
  std::uint32_t xattrs = 0;                        ///< see Tree::xattrs; 0: none
  std::uint32_t first_chunk = 0, chunk_count = 0;  ///< regular files: see Rafs::file_chunks
};

using Xattrs = std::map<std::string, std::string>;

/// Names are numbered in the order they were added; the root is 0. Used by one thread at a time.
class Tree {
 public:
  using Name = std::uint32_t;
  static constexpr Name kRoot = 0;
  static constexpr Name kNone = UINT32_MAX;

  /// Only a root: an implicit directory.
  Tree();

  // Reading.
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }  ///< names, the root and removed ones too
  [[nodiscard]] std::string_view name(Name entry) const;                     ///< "" for the root
  [[nodiscard]] Name parent(Name entry) const { return names_[entry].parent; }  ///< of the root: itself
  [[nodiscard]] bool removed(Name entry) const { return names_[entry].removed; }
  [[nodiscard]] std::uint32_t inode_number(Name entry) const { return names_[entry].inode; }
  [[nodiscard]] const Inode& inode(Name entry) const { return inodes_[names_[entry].inode]; }
  [[nodiscard]] Inode& inode(Name entry) { return inodes_[names_[entry].inode]; }
  [[nodiscard]] const Inode& inode_at(std::uint32_t number) const { return inodes_[number]; }
  [[nodiscard]] Inode& inode_at(std::uint32_t number) { return inodes_[number]; }
  /// Inodes, those that no name refers to any more included.
  [[nodiscard]] std::size_t inode_count() const noexcept { return inodes_.size(); }
  [[nodiscard]] Name child(Name directory, std::string_view name) const;  ///< kNone when there is none
  /// Children in byte order of their names. Sorted on first use after a change.
  [[nodiscard]] std::vector<Name> children(Name directory) const;
  [[nodiscard]] std::string path(Name entry) const;               ///< "/" for the root, "/etc/hosts"
  [[nodiscard]] Name find(std::string_view path) const;           ///< kNone when there is none
  [[nodiscard]] std::string_view text(std::uint32_t text) const;  ///< Inode::link_target
  [[nodiscard]] const Xattrs& xattrs(std::uint32_t set) const { return xattrs_[set]; }  ///< Inode::xattrs
  [[nodiscard]] std::size_t xattr_sets() const noexcept { return xattrs_.size(); }

  // Building. All of these throw FormatError where the numbers do not suffice (4 GiB of names, 2^32 - 1 inodes). Names
  // and texts must not be views of this tree.
  std::uint32_t add_text(std::string_view text);
  /// The number of a set with the same content; sets are shared.
  std::uint32_t add_xattrs(Xattrs xattrs);
  std::uint32_t add_inode(const Inode& inode);
  /// Adds a name to `directory`, which has no child of that name (look with `child` where that is not known). Throws
  /// FormatError for a name over 255 bytes, empty, "." or "..", or with a NUL or slash (corrections.md 9).
  Name add(Name directory, std::string_view name, std::uint32_t inode);
  /// Lets `entry` refer to another inode.
  void set_inode(Name entry, std::uint32_t inode) { names_[entry].inode = inode; }
  /// Takes a name, which is not the root, and everything below it out of its directory.
  void remove(Name entry);
  /// Takes everything below a directory away.
  void remove_children(Name directory);
  /// Gives memory back that was kept for growth.
  void shrink();

 private:
  struct Record {
    std::uint32_t text;  // where the name is in text_
    Name parent;
    std::uint32_t inode;
    Name first_child = kNone, last_child = kNone;  // a list that may hold removed names
    Name next = kNone;
    std::uint8_t name_size;
    bool removed = false;
    bool sorted = true;  // the list of children is in byte order, removed ones aside
  };

  [[nodiscard]] std::size_t slot_of(Name directory, std::string_view name) const;
  [[nodiscard]] std::vector<Name> list_children(Name directory, bool& with_removed) const;
  void link_children(Name directory, const std::vector<Name>& children) const;
  void grow_index();
  std::uint32_t append(std::string_view text);

  mutable std::vector<Record> names_;  // mutable: sorting the children changes nothing a caller sees
  std::vector<Inode> inodes_;
  std::string text_;                      // names and link targets
  std::vector<std::uint32_t> text_ends_;  // of link targets: (begin, end) pairs in text_
  std::vector<Xattrs> xattrs_;
  std::unordered_multimap<std::size_t, std::uint32_t> xattr_index_;  // hash → set
  std::vector<Name> index_;  // open addressing with linear probing; a power of two of slots, at most 3/4 taken
};

}  // namespace accel::formats::nydus
