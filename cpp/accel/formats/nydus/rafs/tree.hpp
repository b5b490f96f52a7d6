/// The names and inodes of a RAFS file system, held in flat arrays: about 150 bytes a name, so that an image with
/// millions of files fits in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
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
  [[nodiscard]] std::size_t size() const noexcept;  ///< names, the root and removed ones included
  [[nodiscard]] std::string_view name(Name entry) const;
  [[nodiscard]] Name parent(Name entry) const;  ///< of the root: itself
  [[nodiscard]] std::uint32_t inode_number(Name entry) const;
  [[nodiscard]] const Inode& inode(Name entry) const;
  [[nodiscard]] Inode& inode(Name entry);
  [[nodiscard]] std::size_t inode_count() const noexcept;
  [[nodiscard]] Name child(Name directory, std::string_view name) const;  ///< kNone when there is none
  /// Children in byte order of their names. Sorted on first use after a change.
  [[nodiscard]] std::vector<Name> children(Name directory) const;
  [[nodiscard]] std::string path(Name entry) const;               ///< "/" for the root, "/etc/hosts"
  [[nodiscard]] Name find(std::string_view path) const;           ///< kNone when there is none
  [[nodiscard]] std::string_view text(std::uint32_t text) const;  ///< Inode::link_target
  [[nodiscard]] const Xattrs& xattrs(std::uint32_t set) const;    ///< Inode::xattrs

  // Building.
  std::uint32_t add_text(std::string_view text);
  std::uint32_t add_xattrs(Xattrs xattrs);
  std::uint32_t add_inode(const Inode& inode);
  /// Adds a name to `directory`, which has no child of that name. Throws FormatError for a name over 255 bytes, empty,
  /// "." or "..", or with a NUL or slash (corrections.md 9).
  Name add(Name directory, std::string_view name, std::uint32_t inode);
  /// Lets `entry` refer to another inode.
  void set_inode(Name entry, std::uint32_t inode);
  /// Takes a name and everything below it out of its directory.
  void remove(Name entry);
};

}  // namespace accel::formats::nydus
