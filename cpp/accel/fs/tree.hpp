/// The merged file tree of an image: layers laid over each other with whiteouts applied.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accel/hash/digest.hpp"
#include "accel/tar/entry.hpp"

namespace accel::fs {

/// Attributes of one file. Names that are hardlinked share one Node, so a group is a set of paths with equal pointers.
struct Node {
  tar::EntryType type = tar::EntryType::directory;  ///< never hardlink
  std::uint32_t mode = 0755;                        ///< permissions and set-id bits only (07777)
  std::uint64_t uid = 0, gid = 0;
  std::uint64_t size = 0;
  tar::Time mtime;
  std::string link_target;
  std::uint32_t device_major = 0, device_minor = 0;
  std::map<std::string, std::string> xattrs;
  hash::Digest content;   ///< regular files
  bool implicit = false;  ///< a directory no layer has an entry for: 0755, 0:0, no time
};

/// One difference between two trees; see convert::Difference.
struct TreeDifference {
  std::string path, field, left, right;
};

/// A tree being built from layers, base first. Paths are clean (tar::clean_path). For each layer: `begin_layer`, `add`
/// for its entries in order, `end_layer`; look at the tree only between layers. Takes about 400 bytes a path and the
/// length of its strings. Used by one thread at a time; reading a finished tree is thread-safe.
class Tree {
 public:
  /// `max_paths` bounds the memory that hostile layers can take: one name can imply 2048 directories.
  explicit Tree(std::uint64_t max_paths = 20'000'000);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  /// Begins the next layer: whiteouts and opaque marks added from now on hide what earlier layers hold, never what
  /// this layer itself adds, whatever the order of entries (OCI image-spec, layer.md).
  void begin_layer();
  /// Adds one entry of the current layer. `content` as in formats::LayerVisitor. Whiteouts (`.wh.NAME`,
  /// `.wh..wh..opq`) are applied, other `.wh..wh.*` names ignored. A later entry of one path replaces an earlier one
  /// (a directory over a directory keeps its children). Throws FormatError: unsafe path (tar::safe_path), a parent
  /// that is no directory in this layer's view (for example a symlink), a whiteout of nothing or a name below one,
  /// hardlink to itself, more than `max_paths`. A symlink or file of a lower layer where this layer has a parent gives
  /// way to an implicit directory; a directory of a lower layer keeps its attributes unless this layer has an entry.
  void add(const tar::Entry& entry, const hash::Digest& content);
  /// Ends the layer: hardlinks whose target this layer had not added yet are resolved, to this layer's file of the
  /// target's name or else to the lower layers'. A link gets the target's attributes, whatever its own header says.
  /// Throws FormatError for a hardlink to nothing, to a directory or in a circle.
  void end_layer();

  /// Calls `each` for every path in byte order of path components, the root ("") first.
  void walk(const std::function<void(const std::string& path, const std::shared_ptr<const Node>& node)>& each) const;
  /// The node at a clean path, or null.
  [[nodiscard]] std::shared_ptr<const Node> find(std::string_view path) const;
  [[nodiscard]] std::uint64_t size() const noexcept;  ///< paths, the root included

 private:
  friend std::vector<TreeDifference> compare(const Tree& left, const Tree& right, bool whole_seconds);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Compares every path. `field` is one of: "type", "mode", "uid", "gid", "mtime", "size", "link target", "device",
/// "xattr NAME", "hardlinks" (the first name of the group, "" for it itself), "content", "only in source" (left),
/// "only in target" (right). In order of paths, fields in this order. With `whole_seconds`, times are compared as
/// eStargz stores them: rounded to the nearest second. Implicit directories are equal to any implicit directory;
/// attributes of one are not compared with an explicit one's except type.
std::vector<TreeDifference> compare(const Tree& left, const Tree& right, bool whole_seconds);

}  // namespace accel::fs
