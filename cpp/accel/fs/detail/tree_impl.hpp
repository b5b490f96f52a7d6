/// How a tree is kept in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/fs/tree.hpp"

namespace accel::fs {

namespace detail {

struct Item;

/// Byte order: std::string compares as unsigned char.
using Directory = std::map<std::string, Item, std::less<>>;

/// One path. `children` is set for directories and only for them.
struct Item {
  std::shared_ptr<const Node> node;
  std::unique_ptr<Directory> children;
  std::uint32_t node_layer = 0;  ///< the layer `node` came with
  std::uint32_t layer = 0;       ///< the last layer that has this path or one below it
};

/// A hardlink whose target this layer had not added when the link came. In the tree it is a node of type hardlink
/// (the only such nodes, gone after the layer's end), so that what replaces or hides the path is seen by itself.
struct PendingLink {
  std::string path, target;
  std::shared_ptr<const Node> placeholder;
  std::shared_ptr<const Node> lower;  ///< what the layers below had at `target` when the link came; may be null
  bool visiting = false;              ///< on the chain that is being followed
};

/// "regular file", "symlink", …
std::string_view type_name(tar::EntryType type) noexcept;

}  // namespace detail

struct Tree::Impl {
  explicit Impl(std::uint64_t limit);

  /// The directory at `path`, made up where the layers have none.
  detail::Item& directory_at(std::string_view path, const tar::Entry& entry);
  /// Puts `node` at `path`; a directory keeps its children, everything else loses them.
  void put(std::string_view path, std::shared_ptr<const Node> node, const tar::Entry& entry);
  void add_hardlink(const std::string& path, const tar::Entry& entry);
  void hide(std::string_view directory, std::string_view target, const tar::Entry& entry);
  void hide_children(std::string_view directory, const tar::Entry& entry);
  void resolve_links();

  [[nodiscard]] const detail::Item* find(std::string_view path) const;
  [[nodiscard]] detail::Item* find(std::string_view path);

  detail::Item root;
  std::uint64_t paths = 1;
  const std::uint64_t max_paths;
  std::uint32_t layer = 0;
  std::vector<detail::PendingLink> pending;

 private:
  using LinkIndex = std::unordered_map<const Node*, std::size_t>;

  detail::Item& child_of(detail::Item& directory, std::string_view name, const tar::Entry& entry);
  void make_implicit(detail::Item& item);
  void drop_children(detail::Item& item);
  bool hide_lower(detail::Item& item);
  void hide_lower(detail::Directory& directory);
  void resolve_link(std::size_t first, const LinkIndex& index);
};

}  // namespace accel::fs
