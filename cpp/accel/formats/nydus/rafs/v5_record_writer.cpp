#include "accel/formats/nydus/rafs/v5_record_writer.hpp"

#include <string_view>

#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/field_writer.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/xattr.hpp"

namespace accel::formats::nydus::v5 {

using tar::EntryType;

namespace {

constexpr std::uint64_t kDirectoryUnit = 4096;
constexpr std::uint64_t kSectorSize = 512;

std::string_view name_of(const Tree& tree, Tree::Name name) { return name == Tree::kRoot ? "/" : tree.name(name); }

std::uint64_t record_size(const Tree& tree, Tree::Name name) {
  const Inode& inode = tree.inode(name);
  std::uint64_t size = kInodeSize + round_up(name_of(tree, name).size(), kAlignment);
  if (inode.type == EntryType::symlink) size += round_up(tree.text(inode.link_target).size(), kAlignment);
  if (inode.xattrs != 0) {
    size += kXattrTableHeaderSize + round_up(xattr_size_v5(tree.xattrs(inode.xattrs)), kAlignment);
  }
  if (inode.type == EntryType::regular) size += kChunkEntrySize * std::uint64_t{inode.chunk_count};
  return size;
}

void store_xattrs(const Xattrs& xattrs, std::byte* to) {
  FieldWriter(to).u64(0, xattr_size_v5(xattrs));
  to += kXattrTableHeaderSize;
  for (const auto& [key, value] : xattrs) {
    const FieldWriter pair(to);
    pair.u32(0, static_cast<std::uint32_t>(key.size() + 1 + value.size()));
    pair.text(4, key);
    pair.text(4 + key.size() + 1, value);
    to += 4 + key.size() + 1 + value.size();
  }
}

/// Walks the tree depth-first: each directory, then for each child in order the child and all below it.
class DepthFirst {
 public:
  DepthFirst(const Tree& tree, const Numbering& numbering) : tree_(tree), numbering_(numbering) {}

  /// Calls `each(name, index)`.
  template <class Each>
  void run(const Each& each) const {
    // Directories come in the order of Numbering::directories.
    std::size_t next_directory = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open;  // indexes of children to come: from, to
    const auto visit = [&](std::uint32_t index) {
      const Tree::Name name = numbering_.names[index - 1];
      each(name, index);
      if (tree_.inode(name).type != EntryType::directory) return;
      const Numbering::Directory& directory = numbering_.directories[next_directory++];
      open.emplace_back(directory.first_child, directory.first_child + directory.child_count);
    };
    visit(1);
    while (!open.empty()) {
      auto& [from, to] = open.back();
      if (from == to) {
        open.pop_back();
      } else {
        visit(from++);
      }
    }
  }

 private:
  const Tree& tree_;
  const Numbering& numbering_;
};

}  // namespace

RecordPlan plan_records(const Rafs& rafs, const Numbering& numbering, std::uint64_t begin) {
  RecordPlan plan;
  plan.offsets.resize(numbering.names.size());
  plan.end = begin;
  DepthFirst(rafs.tree, numbering).run([&](Tree::Name name, std::uint32_t index) {
    check_inode(rafs, name);
    plan.has_xattrs = plan.has_xattrs || rafs.tree.inode(name).xattrs != 0;
    plan.offsets[index - 1] = static_cast<std::uint32_t>(plan.end / kAlignment);
    plan.end += record_size(rafs.tree, name);
    if (plan.end > kMaxFileSize) refuse_bootstrap("more than 2 GiB, which readers of version 5 take; use version 6");
  });
  return plan;
}

std::uint64_t RecordWriter::directory_size(const Numbering::Directory& directory) const {
  std::uint64_t size = 0;
  for (const Tree::Name child : numbering_.children(directory)) size += rafs_.tree.name(child).size() + 8;
  return size == 0 ? kDirectoryUnit : round_up(size, kDirectoryUnit);
}

void RecordWriter::write() const {
  const Tree& tree = rafs_.tree;
  for (const Numbering::Directory& directory : numbering_.directories) {
    const bool is_root = directory.name == Tree::kRoot;
    write_record(directory.name, {.index = directory.index,
                                  .parent = is_root ? 0 : numbering_.directories[directory.parent].index,
                                  .directory = &directory,
                                  .size = directory_size(directory)});
    std::uint32_t index = directory.first_child;
    for (const Tree::Name child : numbering_.children(directory)) {
      const Inode& inode = tree.inode(child);
      Place place{.index = index++, .parent = directory.index, .directory = nullptr, .size = inode.size};
      if (inode.type == EntryType::directory) continue;
      if (inode.type == EntryType::symlink) place.size = tree.text(inode.link_target).size();
      write_record(child, place);
    }
  }
}

void RecordWriter::write_record(Tree::Name name, const Place& place) const {
  const Tree& tree = rafs_.tree;
  const std::uint32_t number = tree.inode_number(name);
  const Inode& inode = tree.inode_at(number);
  const std::string_view text = name_of(tree, name);
  const bool is_regular = inode.type == EntryType::regular;
  const bool is_symlink = inode.type == EntryType::symlink;
  // Only regular files are hardlinked (rafs-v5.md 14).
  const std::uint32_t links = is_regular || place.directory != nullptr ? numbering_.link_counts[number] : 1;
  const std::uint64_t xattr_size = inode.xattrs != 0 ? xattr_size_v5(tree.xattrs(inode.xattrs)) : 0;
  // The reference counts the attributes of regular files too, but its cached mode then refuses them (rafs-v5.md 8).
  const std::uint64_t stored = place.size + (is_regular ? 0 : round_up(xattr_size, kAlignment));
  std::uint64_t flags = is_symlink ? inode_flag::kSymlink : 0;
  if (is_regular && links > 1) flags |= inode_flag::kHardlink;
  if (inode.xattrs != 0) flags |= inode_flag::kXattr;

  std::byte* const at = file_ + std::size_t{plan_.offsets[place.index - 1]} * kAlignment;
  const FieldWriter fields(at);
  fields.bytes(inode::kDigest, digests_[number]);
  fields.u64(inode::kParent, place.parent);
  fields.u64(inode::kNumber, is_regular ? numbering_.first_index[number] : place.index);
  fields.u32(inode::kUid, inode.uid);
  fields.u32(inode::kGid, inode.gid);
  fields.u32(inode::kMode, full_mode(inode));
  fields.u64(inode::kSize, place.size);
  fields.u64(inode::kBlocks, (stored + kSectorSize - 1) / kSectorSize);
  fields.u64(inode::kFlags, flags);
  fields.u32(inode::kLinks, links);
  if (place.directory != nullptr) {
    fields.u32(inode::kChildIndex, place.directory->first_child);
    fields.u32(inode::kChildCount, place.directory->child_count);
    if (inode.implicit) fields.u8(inode::kImplicit, 1);
  }
  if (is_regular) fields.u32(inode::kChildCount, inode.chunk_count);
  fields.u16(inode::kNameSize, static_cast<std::uint16_t>(text.size()));
  fields.u32(inode::kDevice, inode.device);
  fields.u32(inode::kMtimeNanoseconds, inode.mtime_nanoseconds);
  fields.u64(inode::kMtime, static_cast<std::uint64_t>(inode.mtime));

  std::size_t end = kInodeSize;
  fields.text(end, text);
  end += round_up(text.size(), kAlignment);
  if (is_symlink) {
    const std::string_view target = tree.text(inode.link_target);
    fields.u16(inode::kSymlinkSize, static_cast<std::uint16_t>(target.size()));
    fields.text(end, target);
    end += round_up(target.size(), kAlignment);
  }
  if (inode.xattrs != 0) {
    store_xattrs(tree.xattrs(inode.xattrs), at + end);
    end += kXattrTableHeaderSize + round_up(xattr_size, kAlignment);
  }
  for (std::uint32_t i = 0; is_regular && i < inode.chunk_count; ++i, end += kChunkEntrySize) {
    const Chunk& chunk = rafs_.chunks[rafs_.file_chunks[inode.first_chunk + i]];
    store_chunk(chunk, std::uint64_t{i} * rafs_.chunk_size, at + end);
  }
}

}  // namespace accel::formats::nydus::v5
