#include "accel/formats/nydus/tree_entries.hpp"

#include <string>
#include <utility>
#include <vector>

namespace accel::formats::nydus {

using tar::EntryType;

namespace {

/// Linux' encoding of a device number in 32 bits. Spec: rafs-v6.md 7.4.
std::uint32_t major_of(std::uint32_t device) { return device >> 8U & 0xFFFU; }
std::uint32_t minor_of(std::uint32_t device) { return (device & 0xFFU) | (device >> 12U & 0xFFF00U); }

class Walk {
 public:
  using Each = std::function<void(const tar::Entry&, Tree::Name)>;

  Walk(const Tree& tree, const Each& each) : tree_(tree), each_(each), first_names_(tree.inode_count(), Tree::kNone) {}

  void run() {
    if (!tree_.inode(Tree::kRoot).implicit) report(Tree::kRoot, "./");
    enter(Tree::kRoot);
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.children.size()) {
        levels_.pop_back();
        continue;
      }
      const Tree::Name name = level.children[level.next++];
      path_.resize(level.path_size);
      path_.append(path_.empty() ? "" : "/").append(tree_.name(name));
      visit(name);
    }
  }

 private:
  /// A directory whose children are being reported.
  struct Level {
    std::vector<Tree::Name> children;
    std::size_t next, path_size;
  };

  void enter(Tree::Name directory) { levels_.push_back({tree_.children(directory), 0, path_.size()}); }

  void visit(Tree::Name name) {
    const Inode& inode = tree_.inode(name);
    if (inode.type != EntryType::directory) {
      report(name, path_);
      return;
    }
    enter(name);
    if (!inode.implicit || levels_.back().children.empty()) report(name, path_);
  }

  void report(Tree::Name name, const std::string& path) {
    tar::Entry entry = entry_of(tree_, name, path);
    if (entry.type == EntryType::regular) {
      Tree::Name& first = first_names_[tree_.inode_number(name)];
      if (first == Tree::kNone) {
        first = name;
      } else {
        make_link(entry, tree_, first);
      }
    }
    each_(entry, name);
  }

  const Tree& tree_;
  const Each& each_;
  std::vector<Tree::Name> first_names_;  // by inode number
  std::vector<Level> levels_;
  std::string path_;
};

}  // namespace

tar::Entry entry_of(const Tree& tree, Tree::Name name, std::string path) {
  const Inode& inode = tree.inode(name);
  tar::Entry entry;
  entry.name = std::move(path);
  entry.type = inode.type;
  entry.mode = inode.mode;
  entry.uid = inode.uid;
  entry.gid = inode.gid;
  entry.mtime = {inode.mtime, inode.mtime_nanoseconds};
  if (inode.xattrs != 0) entry.xattrs = tree.xattrs(inode.xattrs);
  if (inode.type == EntryType::symlink) entry.link_name = tree.text(inode.link_target);
  if (inode.type == EntryType::character || inode.type == EntryType::block) {
    entry.device_major = major_of(inode.device);
    entry.device_minor = minor_of(inode.device);
  }
  if (inode.type == EntryType::regular) entry.size = entry.header_size = inode.size;
  return entry;
}

void make_link(tar::Entry& entry, const Tree& tree, Tree::Name target) {
  entry.type = EntryType::hardlink;
  entry.size = entry.header_size = 0;
  entry.link_name = tree.path(target).substr(1);
}

void walk_entries(const Tree& tree, const std::function<void(const tar::Entry& entry, Tree::Name name)>& each) {
  Walk(tree, each).run();
}

}  // namespace accel::formats::nydus
