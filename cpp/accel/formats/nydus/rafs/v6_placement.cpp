#include "accel/formats/nydus/rafs/v6_placement.hpp"

#include <utility>

#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/v6_allocator.hpp"
#include "accel/formats/nydus/rafs/v6_directory.hpp"
#include "accel/formats/nydus/rafs/xattr.hpp"

namespace accel::formats::nydus::v6 {

using tar::EntryType;

namespace {

class Placer {
 public:
  Placer(const Rafs& rafs, const Numbering& numbering) : rafs_(rafs), tree_(rafs.tree), numbering_(numbering) {
    placement_.nids.resize(tree_.inode_count());
    placement_.data_blocks.resize(tree_.inode_count());
    placement_.inline_tails.resize(tree_.inode_count());
    placement_.xattr_sizes.resize(tree_.xattr_sets());
  }

  Placement run() && {
    for (const Numbering::Directory& directory : numbering_.directories) {
      const std::size_t head = head_size(directory.name);
      place_content(directory.name, head, DirectoryContent(tree_, numbering_, directory).size());
      for (const Tree::Name child : numbering_.children(directory)) {
        if (tree_.inode(child).type != EntryType::directory) place_file(child);
      }
    }
    placement_.end = allocator_.end();
    return std::move(placement_);
  }

 private:
  /// Bytes of the inode and its attributes.
  std::size_t head_size(Tree::Name name) {
    check_inode(rafs_, name);
    const std::uint32_t set = tree_.inode(name).xattrs;
    if (set == 0) return kInodeSize;
    placement_.has_xattrs = true;
    std::uint32_t& size = placement_.xattr_sizes[set];
    if (size == 0) size = static_cast<std::uint32_t>(xattr_size_v6(tree_.xattrs(set)));
    return kInodeSize + size;
  }

  void place_file(Tree::Name name) {
    const std::uint32_t number = tree_.inode_number(name);
    if (placement_.nids[number] != 0) return;  // another name of a hardlinked file
    const Inode& inode = tree_.inode(name);
    const std::size_t head = head_size(name);
    if (inode.type == EntryType::symlink) {
      place_content(name, head, tree_.text(inode.link_target).size());
    } else if (inode.type == EntryType::regular) {
      set_nid(number, allocator_.file(head, inode.chunk_count));
    } else {
      set_nid(number, allocator_.special(head));
    }
  }

  void place_content(Tree::Name name, std::size_t head, std::uint64_t size) {
    const std::uint32_t number = tree_.inode_number(name);
    const Allocator::Place place = allocator_.content(head, size);
    set_nid(number, place.inode);
    placement_.data_blocks[number] = static_cast<std::uint32_t>(place.data / kBlockSize);
    placement_.inline_tails[number] = place.inline_tail;
  }

  void set_nid(std::uint32_t inode, std::uint64_t offset) {
    const std::uint64_t nid = offset / kNidUnit;
    if (nid > UINT32_MAX) refuse_bootstrap("more than 128 GiB of inodes and names");
    placement_.nids[inode] = static_cast<std::uint32_t>(nid);
  }

  const Rafs& rafs_;
  const Tree& tree_;
  const Numbering& numbering_;
  Allocator allocator_;
  Placement placement_;
};

}  // namespace

Placement place_inodes(const Rafs& rafs, const Numbering& numbering) { return Placer(rafs, numbering).run(); }

}  // namespace accel::formats::nydus::v6
