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

/// A tree being built from layers, base first. Paths are clean (tar::clean_path).
class Tree {
 public:
  Tree();
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  /// Begins the next layer: whiteouts and opaque marks added from now on hide what earlier layers hold, never what
  /// this layer itself adds, whatever the order of entries (OCI image-spec, layer.md).
  void begin_layer();
  /// Adds one entry of the current layer. `content` as in formats::LayerVisitor. Whiteouts (`.wh.NAME`,
  /// `.wh..wh..opq`) are applied, other `.wh..wh.*` names ignored. A later entry of one path replaces an earlier one
  /// (a directory over a directory keeps its children). Throws FormatError: unsafe path (tar::safe_path), a parent
  /// that is no directory in this layer's view (for example a symlink), hardlink to nothing, to a directory or to itself.
  void add(const tar::Entry& entry, const hash::Digest& content);
  /// Ends the layer: hardlinks that came before their targets are resolved. Throws FormatError for those left over.
  void end_layer();

  /// Calls `each` for every path in byte order of path components, the root ("") first.
  void walk(const std::function<void(const std::string& path, const std::shared_ptr<const Node>& node)>& each) const;
  /// The node at a clean path, or null.
  [[nodiscard]] std::shared_ptr<const Node> find(std::string_view path) const;
  [[nodiscard]] std::uint64_t size() const noexcept;  ///< paths, the root included

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One difference between two trees; see convert::Difference.
struct TreeDifference {
  std::string path, field, left, right;
};

/// Compares every path: type, mode, uid, gid, mtime, size, link target, device numbers, xattrs, hardlink groups,
/// content. With `whole_seconds`, times are compared as eStargz stores them: rounded to the nearest second.
/// Implicit directories are equal to any implicit directory; attributes of one are not compared with an explicit one's
/// except type.
std::vector<TreeDifference> compare(const Tree& left, const Tree& right, bool whole_seconds);

}  // namespace accel::fs
