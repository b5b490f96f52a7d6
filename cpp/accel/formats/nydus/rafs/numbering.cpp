#include "accel/formats/nydus/rafs/numbering.hpp"

#include <algorithm>

#include "accel/base/error.hpp"

namespace accel::formats::nydus {

namespace {

class Numberer {
 public:
  explicit Numberer(const Tree& tree) : tree_(tree) {
    numbering_.names.reserve(tree.size());
    numbering_.first_index.resize(tree.inode_count());
    numbering_.link_counts.resize(tree.inode_count());
  }

  Numbering run() && {
    take(Tree::kRoot);
    // A stack, not recursion: a hostile bootstrap may be as deep as it is long.
    std::vector<Numbering::Directory> open(1);
    while (!open.empty()) {
      Numbering::Directory directory = open.back();
      open.pop_back();
      const auto position = static_cast<std::uint32_t>(numbering_.directories.size());
      directory.first_child = static_cast<std::uint32_t>(numbering_.names.size()) + 1;
      const std::vector<Tree::Name> children = tree_.children(directory.name);
      directory.child_count = static_cast<std::uint32_t>(children.size());
      numbering_.directories.push_back(directory);
      const std::size_t begin = open.size();
      for (const Tree::Name child : children) {
        take(child);
        if (!is_directory(child)) continue;
        ++numbering_.link_counts[tree_.inode_number(directory.name)];
        open.push_back(
            {.name = child, .index = static_cast<std::uint32_t>(numbering_.names.size()), .parent = position});
      }
      std::reverse(open.begin() + static_cast<std::ptrdiff_t>(begin), open.end());
    }
    return std::move(numbering_);
  }

 private:
  [[nodiscard]] bool is_directory(Tree::Name name) const { return tree_.inode(name).type == tar::EntryType::directory; }

  void take(Tree::Name name) {
    numbering_.names.push_back(name);
    const std::uint32_t inode = tree_.inode_number(name);
    const bool first = numbering_.first_index[inode] == 0;
    if (first) {
      numbering_.first_index[inode] = static_cast<std::uint32_t>(numbering_.names.size());
      ++numbering_.inode_count;
    }
    if (is_directory(name)) {
      if (!first)
        throw FormatError("a directory with two names", {.digest = {}, .path = tree_.path(name), .offset = {}});
      numbering_.link_counts[inode] += 2;
    } else {
      ++numbering_.link_counts[inode];
    }
  }

  const Tree& tree_;
  Numbering numbering_;
};

}  // namespace

Numbering number_names(const Tree& tree) { return Numberer(tree).run(); }

}  // namespace accel::formats::nydus
