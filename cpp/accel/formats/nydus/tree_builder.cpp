#include "accel/formats/nydus/tree_builder.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/entry.hpp"
#include "accel/formats/nydus/rafs/xattr.hpp"
#include "accel/fs/overlay.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

using tar::EntryType;

namespace {

constexpr std::uint32_t kPermissions = 07777;
constexpr std::uint32_t kMaxMajor = 0xFFF, kMaxMinor = 0xFFFFF;
/// One name can imply 2048 directories, so the entries of a tar do not bound the memory a hostile layer takes.
constexpr std::size_t kMaxNames = 20'000'000;

[[noreturn]] void refuse(std::string_view name, std::string problem) {
  throw FormatError(std::move(problem), FormatError::Where{{}, tar::shown_name(name), {}},
                    "rebuild the image without this entry");
}

std::uint32_t id_of(const tar::Entry& entry, const char* what, std::uint64_t id) {
  if (id > UINT32_MAX) refuse(entry.name, std::string(what) + " " + std::to_string(id) + ", at most 32 bits fit");
  return static_cast<std::uint32_t>(id);
}

/// Linux' 32-bit encoding: rafs-v6.md 7.4.
std::uint32_t device_of(const tar::Entry& entry) {
  if (entry.device_major > kMaxMajor || entry.device_minor > kMaxMinor) {
    refuse(entry.name, "device " + std::to_string(entry.device_major) + ":" + std::to_string(entry.device_minor) +
                           ", at most " + std::to_string(kMaxMajor) + ":" + std::to_string(kMaxMinor) + " fits");
  }
  return (entry.device_minor & 0xFFU) | (entry.device_major << 8U) | ((entry.device_minor & ~0xFFU) << 12U);
}

void check_symlink(const tar::Entry& entry) {
  const std::string& target = entry.link_name;
  if (target.empty()) refuse(entry.name, "a symlink to nothing");
  if (target.size() > tar::kMaxPathSize) {
    refuse(entry.name, "a symlink to a path of " + std::to_string(target.size()) + " bytes, at most " +
                           std::to_string(tar::kMaxPathSize) + " work");
  }
  if (target.find('\0') != std::string::npos) refuse(entry.name, "a symlink to a path with a NUL");
}

Inode make_inode(const tar::Entry& entry, Rafs& rafs) {
  Inode inode;
  inode.type = entry.type == EntryType::hardlink ? EntryType::regular : entry.type;
  inode.mode = static_cast<std::uint16_t>(entry.mode & kPermissions);
  inode.uid = id_of(entry, "uid", entry.uid);
  inode.gid = id_of(entry, "gid", entry.gid);
  inode.mtime = entry.mtime.seconds;
  inode.mtime_nanoseconds = entry.mtime.nanoseconds;
  if (entry.type == EntryType::regular) inode.size = entry.size;
  if (entry.type == EntryType::character || entry.type == EntryType::block) inode.device = device_of(entry);
  if (entry.type == EntryType::symlink) {
    check_symlink(entry);
    inode.link_target = rafs.tree.add_text(entry.link_name);
  }
  if (!entry.xattrs.empty() && entry.type != EntryType::hardlink) {
    if (std::string problem = xattr_problem(entry.xattrs, rafs.version); !problem.empty()) refuse(entry.name, problem);
    inode.xattrs = rafs.tree.add_xattrs(entry.xattrs);
  }
  return inode;
}

void check_room(const Tree& tree, const tar::Entry& entry) {
  if (tree.size() >= kMaxNames) refuse(entry.name, "more than " + std::to_string(kMaxNames) + " paths in one layer");
}

bool is_estargz_own(const tar::Entry& entry, std::string_view path) {
  return entry.type == EntryType::regular && (path == jtoc::kTocName || jtoc::is_landmark(path));
}

}  // namespace

TreeBuilder::TreeBuilder(Rafs& rafs, Note note) : rafs_(rafs), note_(std::move(note)) {}

std::optional<std::uint32_t> TreeBuilder::add(const tar::Entry& entry) {
  path_ = tar::safe_path(entry.name);
  if (is_estargz_own(entry, path_)) return std::nullopt;
  if (fs::whiteout_of(path_).kind == fs::Whiteout::Kind::malformed) {
    refuse(entry.name, "a name with \".wh.\" that is no whiteout of a file");
  }
  if (entry.type == EntryType::hardlink) return add_link(entry);
  const std::uint32_t inode = rafs_.tree.add_inode(make_inode(entry, rafs_));
  put(entry, inode);
  return inode;
}

/// The directory with this clean path, made up where the layer has none so far.
Tree::Name TreeBuilder::directory_at(std::string_view path, const tar::Entry& entry) {
  if (last_directory_ != Tree::kNone && path == last_parent_) return last_directory_;
  Tree& tree = rafs_.tree;
  Tree::Name at = Tree::kRoot;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    Tree::Name next = tree.child(at, name);
    if (next == Tree::kNone) {
      check_room(tree, entry);
      next = tree.add(at, name, tree.add_inode({.implicit = true}));
    } else if (tree.inode(next).type != EntryType::directory) {
      refuse(entry.name, "it lies below " + tar::shown_name(path.substr(0, end)) + ", which is no directory");
    }
    at = next;
    begin = end + 1;
  }
  last_parent_ = path;
  last_directory_ = at;
  return at;
}

/// Puts the inode at the entry's path, in place of what was there.
Tree::Name TreeBuilder::put(const tar::Entry& entry, std::uint32_t inode) {
  Tree& tree = rafs_.tree;
  const bool is_directory = tree.inode_at(inode).type == EntryType::directory;
  if (path_.empty()) {
    if (!is_directory) refuse(entry.name, "the root is no directory");
    tree.set_inode(Tree::kRoot, inode);
    return Tree::kRoot;
  }
  const Tree::Name directory = directory_at(tar::parent_path(path_), entry);
  const Tree::Name old = tree.child(directory, tar::base_name(path_));
  if (old == Tree::kNone) {
    check_room(tree, entry);
    return tree.add(directory, tar::base_name(path_), inode);
  }
  pending_index_.erase(old);
  if (!is_directory && tree.inode(old).type == EntryType::directory) {
    tree.remove_children(old);
    last_directory_ = Tree::kNone;
  }
  tree.set_inode(old, inode);
  return old;
}

std::uint32_t TreeBuilder::add_link(const tar::Entry& entry) {
  std::string target;
  try {
    target = tar::safe_path(entry.link_name);
  } catch (const FormatError& error) {
    refuse(entry.name, "its hardlink target: " + error.message());
  }
  if (target == path_) refuse(entry.name, "it is a hardlink to itself");
  const Tree::Name known = rafs_.tree.find(target);
  const Inode attributes = make_inode(entry, rafs_);
  if (known != Tree::kNone && !pending_index_.contains(known)) {
    if (rafs_.tree.inode(known).type == EntryType::directory) {
      refuse(entry.name, "it is a hardlink to the directory " + tar::shown_name(target));
    }
    compare_attributes(attributes, rafs_.tree.inode(known), path_);
    const std::uint32_t inode = linked_inode(known);
    put(entry, inode);
    return inode;
  }
  // Its target comes later, maybe: a file with the attributes of the link until then.
  const std::uint32_t inode = rafs_.tree.add_inode(attributes);
  const Tree::Name name = put(entry, inode);
  pending_index_[name] = pending_.size();
  pending_.push_back({name, std::move(target)});
  return inode;
}

/// Only regular files share an inode (rafs-v6.md 10); a second name of anything else gets a copy.
std::uint32_t TreeBuilder::linked_inode(Tree::Name target) {
  Tree& tree = rafs_.tree;
  const std::uint32_t number = tree.inode_number(target);
  if (tree.inode_at(number).type == EntryType::regular) return number;
  return tree.add_inode(Inode(tree.inode_at(number)));
}

void TreeBuilder::compare_attributes(const Inode& link, const Inode& target, std::string_view path) {
  const bool same =
      link.mode == target.mode && link.uid == target.uid && link.gid == target.gid && link.mtime == target.mtime;
  if (same) return;
  if (differing_links_++ == 0) first_differing_link_ = tar::shown_name(path);
}

void TreeBuilder::finish() {
  for (std::size_t i = 0; i < pending_.size(); ++i) resolve_link(i);
  pending_.clear();
  if (differing_links_ > 0 && note_) {
    note_(std::to_string(differing_links_) + " hardlinks state other attributes than the files they are links to (" +
          first_differing_link_ + "); those of the files are kept");
  }
}

/// Follows a chain of links to its file, without recursion: a hostile layer may link each name to the next.
void TreeBuilder::resolve_link(std::size_t first) {
  Tree& tree = rafs_.tree;
  std::vector<std::size_t> chain;
  Tree::Name file = Tree::kNone;
  for (std::size_t at = first; file == Tree::kNone;) {
    const auto& [name, target] = pending_[at];
    const auto own = pending_index_.find(name);
    // Resolved with another link, replaced by a later entry, or gone with a directory that was.
    if (own == pending_index_.end() || own->second != at || tree.removed(name)) return;
    const auto refuse_link = [&](const std::string& problem) {
      refuse(tree.path(name), "it is a hardlink to " + tar::shown_name(target) + ", " + problem);
    };
    if (chain.size() > pending_.size()) refuse_link("which leads back to it in a circle");
    chain.push_back(at);
    const Tree::Name next = tree.find(target);
    if (next == Tree::kNone) refuse_link("which is not in this layer");
    if (tree.inode(next).type == EntryType::directory) refuse_link("which is a directory");
    const auto pending = pending_index_.find(next);
    if (pending == pending_index_.end()) {
      file = next;
    } else {
      at = pending->second;
    }
  }
  for (const std::size_t at : chain) {
    const Tree::Name name = pending_[at].name;
    compare_attributes(tree.inode(name), tree.inode(file), tree.path(name));
    tree.set_inode(name, linked_inode(file));
    pending_index_.erase(name);
  }
}

}  // namespace accel::formats::nydus
