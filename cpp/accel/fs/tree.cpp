#include "accel/fs/tree.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/fs/detail/tree_impl.hpp"
#include "accel/fs/overlay.hpp"
#include "accel/tar/path.hpp"

namespace accel::fs {

using detail::Directory;
using detail::Item;

namespace {

constexpr std::uint32_t kPermissions = 07777;

[[noreturn]] void refuse(const tar::Entry& entry, std::string message) {
  throw FormatError(std::move(message), {.digest = {}, .path = tar::shown_name(entry.name), .offset = {}},
                    "rebuild the layer without this entry");
}

std::shared_ptr<const Node> make_node(const tar::Entry& entry, const hash::Digest& content) {
  auto node = std::make_shared<Node>();
  node->type = entry.type;
  node->mode = entry.mode & kPermissions;
  node->uid = entry.uid;
  node->gid = entry.gid;
  node->mtime = entry.mtime;
  node->xattrs = entry.xattrs;
  if (entry.type == tar::EntryType::regular) {
    node->size = entry.size;
    node->content = content;
  }
  if (entry.type == tar::EntryType::symlink) node->link_target = entry.link_name;
  if (entry.type == tar::EntryType::character || entry.type == tar::EntryType::block) {
    node->device_major = entry.device_major;
    node->device_minor = entry.device_minor;
  }
  return node;
}

std::shared_ptr<const Node> make_implicit_node() {
  auto node = std::make_shared<Node>();
  node->implicit = true;
  return node;
}

std::uint64_t count_paths(const Directory& directory) {
  std::uint64_t count = directory.size();
  for (const auto& [name, item] : directory) {
    if (item.children) count += count_paths(*item.children);
  }
  return count;
}

/// Depth is bounded by tar::kMaxPathSize.
void walk_below(const Directory& directory, std::string& path,
                const std::function<void(const std::string&, const std::shared_ptr<const Node>&)>& each) {
  const std::size_t parent_size = path.size();
  for (const auto& [name, item] : directory) {
    if (parent_size > 0) path += '/';
    path += name;
    each(path, item.node);
    if (item.children) walk_below(*item.children, path, each);
    path.resize(parent_size);
  }
}

}  // namespace

std::string_view detail::type_name(tar::EntryType type) noexcept {
  switch (type) {
    case tar::EntryType::regular:
      return "regular file";
    case tar::EntryType::directory:
      return "directory";
    case tar::EntryType::symlink:
      return "symlink";
    case tar::EntryType::hardlink:
      return "hardlink";
    case tar::EntryType::character:
      return "character device";
    case tar::EntryType::block:
      return "block device";
    case tar::EntryType::fifo:
      return "fifo";
  }
  return "unknown";
}

Tree::Impl::Impl(std::uint64_t limit) : max_paths(limit) { make_implicit(root); }

void Tree::Impl::make_implicit(Item& item) {
  item.node = make_implicit_node();
  item.node_layer = layer;
  if (!item.children) item.children = std::make_unique<Directory>();
}

void Tree::Impl::drop_children(Item& item) {
  if (!item.children) return;
  paths -= count_paths(*item.children);
  item.children.reset();
}

Item& Tree::Impl::child_of(Item& directory, std::string_view name, const tar::Entry& entry) {
  if (const auto found = directory.children->find(name); found != directory.children->end()) return found->second;
  if (paths >= max_paths) refuse(entry, "the image has more than " + std::to_string(max_paths) + " paths");
  ++paths;
  return directory.children->try_emplace(std::string(name)).first->second;
}

Item& Tree::Impl::directory_at(std::string_view path, const tar::Entry& entry) {
  Item* item = &root;
  item->layer = layer;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    Item& child = child_of(*item, path.substr(begin, end - begin), entry);
    if (child.node && child.node->type != tar::EntryType::directory && child.layer == layer) {
      refuse(entry, "its parent " + tar::shown_name(path.substr(0, end)) + " is a " +
                        std::string(detail::type_name(child.node->type)) + " of the same layer, no directory");
    }
    if (!child.node || child.node->type != tar::EntryType::directory) make_implicit(child);
    child.layer = layer;
    item = &child;
    begin = end + 1;
  }
  return *item;
}

void Tree::Impl::put(std::string_view path, std::shared_ptr<const Node> node, const tar::Entry& entry) {
  Item& item = path.empty() ? root : child_of(directory_at(tar::parent_path(path), entry), tar::base_name(path), entry);
  if (node->type == tar::EntryType::directory) {
    if (!item.children) item.children = std::make_unique<Directory>();
  } else {
    drop_children(item);
  }
  item.node = std::move(node);
  item.node_layer = item.layer = layer;
}

void Tree::Impl::hide(std::string_view directory, std::string_view target, const tar::Entry& entry) {
  Directory& children = *directory_at(directory, entry).children;
  const auto found = children.find(target);
  if (found == children.end() || !hide_lower(found->second)) return;
  drop_children(found->second);
  children.erase(found);
  --paths;
}

void Tree::Impl::hide_children(std::string_view directory, const tar::Entry& entry) {
  hide_lower(*directory_at(directory, entry).children);
}

/// Takes away what the layers below have at and under an item. True when nothing of this layer is there either.
bool Tree::Impl::hide_lower(Item& item) {
  if (item.layer != layer) return true;
  if (!item.children) return false;
  if (item.node_layer != layer) make_implicit(item);
  hide_lower(*item.children);
  return false;
}

void Tree::Impl::hide_lower(Directory& directory) {
  for (auto at = directory.begin(); at != directory.end();) {
    if (!hide_lower(at->second)) {
      ++at;
      continue;
    }
    drop_children(at->second);
    at = directory.erase(at);
    --paths;
  }
}

const Item* Tree::Impl::find(std::string_view path) const {
  const Item* item = &root;
  for (std::size_t begin = 0; begin < path.size();) {
    if (!item->children) return nullptr;
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto found = item->children->find(path.substr(begin, end - begin));
    if (found == item->children->end()) return nullptr;
    item = &found->second;
    begin = end + 1;
  }
  return item;
}

Item* Tree::Impl::find(std::string_view path) { return const_cast<Item*>(std::as_const(*this).find(path)); }

Tree::Tree(std::uint64_t max_paths) : impl_(std::make_unique<Impl>(max_paths)) {}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

void Tree::begin_layer() { ++impl_->layer; }

void Tree::add(const tar::Entry& entry, const hash::Digest& content) {
  const std::string path = tar::safe_path(entry.name);
  const Whiteout whiteout = whiteout_of(path);
  switch (whiteout.kind) {
    case Whiteout::Kind::none:
      break;
    case Whiteout::Kind::file:
      impl_->hide(whiteout.directory, whiteout.target, entry);
      return;
    case Whiteout::Kind::opaque:
      impl_->hide_children(whiteout.directory, entry);
      return;
    case Whiteout::Kind::reserved:
      return;
    case Whiteout::Kind::malformed:
      refuse(entry, "a name with \".wh.\" that is no whiteout of a file");
  }
  if (path.empty() && entry.type != tar::EntryType::directory) {
    refuse(entry, "the root is a " + std::string(detail::type_name(entry.type)) + ", want a directory");
  }
  if (entry.type == tar::EntryType::hardlink) {
    impl_->add_hardlink(path, entry);
  } else {
    impl_->put(path, make_node(entry, content), entry);
  }
}

void Tree::end_layer() { impl_->resolve_links(); }

void Tree::walk(
    const std::function<void(const std::string& path, const std::shared_ptr<const Node>& node)>& each) const {
  std::string path;
  each(path, impl_->root.node);
  walk_below(*impl_->root.children, path, each);
}

std::shared_ptr<const Node> Tree::find(std::string_view path) const {
  const Item* const item = std::as_const(*impl_).find(path);
  return item == nullptr ? nullptr : item->node;
}

std::uint64_t Tree::size() const noexcept { return impl_->paths; }

}  // namespace accel::fs
