/// Makes the file tree of one layer from its tar entries. Spec: nydus-blob.md 15.2, corrections.md 5–10.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::nydus {

/// Adds entries to `Rafs::tree` in the order of the layer: `add` for each, then `finish`.
///
/// A later entry of a path replaces an earlier one; a directory over a directory keeps its children, everything else
/// loses them. Parents that have no entry are implicit directories. Whiteouts stay what they are, files named `.wh.*`;
/// `merge` applies them. Not thread-safe.
class TreeBuilder {
 public:
  using Note = std::function<void(std::string)>;

  /// `rafs` outlives the builder; its version decides which attributes fit. `note` tells what was left out.
  explicit TreeBuilder(Rafs& rafs, Note note = {});

  /// Adds one entry. Returns the number of its inode (Tree::inode_at), where the caller puts the chunks of a regular
  /// file (`first_chunk`, `chunk_count`; `size` is set), or nothing for a file that is no part of the layer's tree and
  /// whose content is to be skipped: the TOC and the landmarks of an eStargz layer.
  ///
  /// Throws FormatError naming the entry for: an unsafe name (tar::safe_path), a parent that is no directory, a
  /// whiteout of nothing, a hardlink to a directory or to itself, an empty symlink or one longer than Linux takes,
  /// xattrs that RAFS cannot hold (rafs-v6.md 11), ids over 32 bits, device numbers over 12 and 20 bits.
  std::optional<std::uint32_t> add(const tar::Entry& entry);

  /// After the last entry: resolves hardlinks that came before their targets. Throws FormatError naming a link whose
  /// target is not in this layer or is a directory, or that leads in a circle.
  void finish();

 private:
  struct PendingLink {
    Tree::Name name;
    std::string target;  // clean
  };

  Tree::Name directory_at(std::string_view path, const tar::Entry& entry);
  Tree::Name put(const tar::Entry& entry, std::uint32_t inode);
  std::uint32_t add_link(const tar::Entry& entry);
  std::uint32_t linked_inode(Tree::Name target);
  void resolve_link(std::size_t first);
  void compare_attributes(const Inode& link, const Inode& target, std::string_view path);

  Rafs& rafs_;
  Note note_;
  std::string path_;         // of the entry being added
  std::string last_parent_;  // its directory is last_directory_, if that is not Tree::kNone
  Tree::Name last_directory_ = Tree::kNone;
  std::vector<PendingLink> pending_;
  std::unordered_map<Tree::Name, std::size_t> pending_index_;  // name → its place in pending_
  std::uint64_t differing_links_ = 0;
  std::string first_differing_link_;
};

}  // namespace accel::formats::nydus
