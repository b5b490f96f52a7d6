#include "accel/formats/nydus/tar_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "accel/formats/nydus/tree_entries.hpp"
#include "accel/tar/block.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::nydus {

using tar::EntryType;

namespace {

class TarWriter {
 public:
  TarWriter(const Rafs& rafs, FileReader& files, io::ByteSink& sink, const CancelToken& cancel)
      : tree_(rafs.tree), files_(files), sink_(sink), cancel_(cancel) {}

  void run() {
    std::vector<Tree::Name> with_content;
    walk_entries(tree_, [&](const tar::Entry& entry, Tree::Name name) {
      cancel_.check();
      const Inode& inode = tree_.inode(name);
      if (inode.type == EntryType::regular && inode.chunk_count > 0) {
        with_content.push_back(name);
      } else {
        write_header(entry);
      }
    });
    sort_as_stored(with_content);
    Tree::Name first = Tree::kNone;
    for (const Tree::Name name : with_content) {
      if (first != Tree::kNone && tree_.inode_number(first) == tree_.inode_number(name)) {
        write_link(name, first);
      } else {
        first = name;
        write_file(name);
      }
    }
    block_.clear();
    tar::write_end(block_);
    sink_.write(block_.view());
  }

 private:
  /// Names of one file stay together, in their order.
  void sort_as_stored(std::vector<Tree::Name>& names) const {
    std::vector<std::uint32_t> rank(tree_.inode_count());
    std::uint32_t next = 0;
    for (const std::uint32_t inode : files_.in_stored_order()) rank[inode] = next++;
    std::ranges::stable_sort(names, {}, [&](Tree::Name name) { return rank[tree_.inode_number(name)]; });
  }

  void write_header(tar::Entry entry) {
    // As tar and Go's archive/tar write directories.
    if (entry.type == EntryType::directory && !entry.name.ends_with('/')) entry.name += '/';
    block_.clear();
    tar::write_header(entry, block_);
    sink_.write(block_.view());
  }

  [[nodiscard]] tar::Entry entry_at(Tree::Name name) const { return entry_of(tree_, name, tree_.path(name).substr(1)); }

  void write_link(Tree::Name name, Tree::Name target) {
    tar::Entry entry = entry_at(name);
    make_link(entry, tree_, target);
    write_header(std::move(entry));
  }

  void write_file(Tree::Name name) {
    const Inode& inode = tree_.inode(name);
    write_header(entry_at(name));
    files_.stream(inode, [&](ByteView piece) {
      cancel_.check();
      sink_.write(piece);
    });
    block_.clear();
    block_.append_zeros(tar::padding_size(inode.size));
    sink_.write(block_.view());
  }

  const Tree& tree_;
  FileReader& files_;
  io::ByteSink& sink_;
  const CancelToken& cancel_;
  Buffer block_;
};

}  // namespace

void write_tar(const Rafs& rafs, FileReader& files, io::ByteSink& sink, const CancelToken& cancel) {
  TarWriter(rafs, files, sink, cancel).run();
}

}  // namespace accel::formats::nydus
