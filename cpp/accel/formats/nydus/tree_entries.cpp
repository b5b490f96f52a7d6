#include "accel/formats/nydus/tree_entries.hpp"

#include <string>
#include <utility>
#include <vector>

namespace accel::formats::nydus {

namespace {

/// Linux' encoding of a device number in 32 bits. Spec: rafs-v6.md 7.4.
std::uint32_t major_of(std::uint32_t device) { return device >> 8U & 0xFFFU; }
std::uint32_t minor_of(std::uint32_t device) { return (device & 0xFFU) | (device >> 12U & 0xFFF00U); }

class Walk {
 public:
  using Each = std::function<void(const tar::Entry&, const Inode&, std::uint32_t)>;

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
    if (inode.type != tar::EntryType::directory) {
      report(name, path_);
      return;
    }
    enter(name);
    if (!inode.implicit || levels_.back().children.empty()) report(name, path_);
  }

  void report(Tree::Name name, const std::string& path) {
    const Inode& inode = tree_.inode(name);
    const std::uint32_t number = tree_.inode_number(name);
    tar::Entry entry;
    entry.name = path;
    entry.type = inode.type;
    entry.mode = inode.mode;
    entry.uid = inode.uid;
    entry.gid = inode.gid;
    entry.mtime = {inode.mtime, inode.mtime_nanoseconds};
    if (inode.xattrs != 0) entry.xattrs = tree_.xattrs(inode.xattrs);
    if (inode.type == tar::EntryType::symlink) entry.link_name = tree_.text(inode.link_target);
    if (inode.type == tar::EntryType::character || inode.type == tar::EntryType::block) {
      entry.device_major = major_of(inode.device);
      entry.device_minor = minor_of(inode.device);
    }
    if (inode.type == tar::EntryType::regular) {
      if (first_names_[number] == Tree::kNone) {
        first_names_[number] = name;
        entry.size = entry.header_size = inode.size;
      } else {
        entry.type = tar::EntryType::hardlink;
        entry.link_name = tree_.path(first_names_[number]).substr(1);
      }
    }
    each_(entry, inode, number);
  }

  const Tree& tree_;
  const Each& each_;
  std::vector<Tree::Name> first_names_;  // by inode number
  std::vector<Level> levels_;
  std::string path_;
};

}  // namespace

void walk_entries(
    const Tree& tree,
    const std::function<void(const tar::Entry& entry, const Inode& inode, std::uint32_t inode_number)>& each) {
  Walk(tree, each).run();
}

}  // namespace accel::formats::nydus
