#include "accel/formats/nydus/rafs/v6_inode_writer.hpp"

#include <bit>
#include <cstring>

#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/field_writer.hpp"
#include "accel/formats/nydus/rafs/v6_directory.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "accel/formats/nydus/rafs/xattr.hpp"

namespace accel::formats::nydus::v6 {

using tar::EntryType;

void InodeWriter::write() const {
  for (const Numbering::Directory& directory : numbering_.directories) {
    write_directory(directory);
    std::uint32_t index = directory.first_child;
    for (const Tree::Name child : numbering_.children(directory)) write_file(child, index++);
  }
}

void InodeWriter::write_file(Tree::Name name, std::uint32_t index) const {
  const Tree& tree = rafs_.tree;
  const Inode& inode = tree.inode(name);
  if (inode.type == EntryType::directory) return;
  if (numbering_.first_index[tree.inode_number(name)] != index) return;  // another name of a hardlinked file
  if (inode.type == EntryType::symlink) {
    write_symlink(name, index);
  } else if (inode.type == EntryType::regular) {
    write_regular(name, index);
  } else {
    write_inode(name, index, 0, inode.device);
  }
}

void InodeWriter::write_directory(const Numbering::Directory& directory) const {
  const Tree& tree = rafs_.tree;
  const std::uint32_t number = tree.inode_number(directory.name);
  const DirectoryContent content(tree, numbering_, directory);
  const std::uint32_t data_block = placement_.data_blocks[number];
  std::byte* const tail = write_inode(directory.name, directory.index, content.size(), data_block + meta_block_);
  std::byte* at = area_ + std::size_t{data_block} * kBlockSize;
  for (const DirectoryContent::Block& block : content.blocks()) {
    const bool inlined = placement_.inline_tails[number] && &block == &content.blocks().back();
    content.write(block, inlined ? tail : at,
                  [&](Tree::Name name) { return placement_.nids[tree.inode_number(name)]; });
    at += kBlockSize;
  }
}

void InodeWriter::write_symlink(Tree::Name name, std::uint32_t index) const {
  const Tree& tree = rafs_.tree;
  const std::uint32_t number = tree.inode_number(name);
  const std::string_view target = tree.text(tree.inode(name).link_target);
  const std::uint32_t data_block = placement_.data_blocks[number];
  std::byte* const tail = write_inode(name, index, target.size(), data_block + meta_block_);
  // At most one block: a target that fills it has no tail.
  std::byte* const at = placement_.inline_tails[number] ? tail : area_ + std::size_t{data_block} * kBlockSize;
  std::memcpy(at, target.data(), target.size());
}

/// One extent for the kernel where a file lies in its blob without a gap, else one for each chunk: rafs-v6.md 9.1.
std::uint32_t InodeWriter::chunk_format(const Inode& inode) const {
  bool contiguous = inode.chunk_count > 1;
  const auto chunk = [&](std::uint32_t i) -> const Chunk& {
    return rafs_.chunks[rafs_.file_chunks[inode.first_chunk + i]];
  };
  for (std::uint32_t i = 1; contiguous && i < inode.chunk_count; ++i) {
    contiguous = chunk(i).blob == chunk(0).blob &&
                 chunk(i).uncompressed_offset == chunk(i - 1).uncompressed_offset + rafs_.chunk_size;
  }
  const std::uint64_t extent = contiguous ? std::bit_ceil(inode.size) : rafs_.chunk_size;
  return kChunkIndexes | (static_cast<std::uint32_t>(std::countr_zero(extent)) - kBlockBits);
}

void InodeWriter::write_regular(Tree::Name name, std::uint32_t index) const {
  const Inode& inode = rafs_.tree.inode(name);
  std::byte* const end = write_inode(name, index, inode.size, chunk_format(inode));
  std::byte* at = area_ + round_up(static_cast<std::uint64_t>(end - area_), 8);
  for (std::uint32_t i = 0; i < inode.chunk_count; ++i, at += kChunkIndexSize) {
    const Chunk& chunk = rafs_.chunks[rafs_.file_chunks[inode.first_chunk + i]];
    const FieldWriter entry(at);
    entry.u16(0, static_cast<std::uint16_t>(chunk.index & 0xFFFFU));
    entry.u8(2, static_cast<std::uint8_t>(chunk.blob + 1));
    entry.u8(3, static_cast<std::uint8_t>(chunk.index >> 16U));
    entry.u32(4, static_cast<std::uint32_t>(chunk.uncompressed_offset / kBlockSize));
  }
}

/// Writes inode and attributes; returns where they end.
std::byte* InodeWriter::write_inode(Tree::Name name, std::uint32_t index, std::uint64_t size,
                                    std::uint32_t union_field) const {
  const Tree& tree = rafs_.tree;
  const std::uint32_t number = tree.inode_number(name);
  const Inode& inode = tree.inode_at(number);
  DataLayout layout = placement_.inline_tails[number] ? DataLayout::inline_tail : DataLayout::plain;
  if (inode.type == EntryType::regular) layout = DataLayout::chunked;
  const std::uint32_t xattr_size = placement_.xattr_sizes[inode.xattrs];

  std::byte* const at = area_ + std::size_t{placement_.nids[number]} * kNidUnit;
  const FieldWriter fields(at);
  fields.u16(inode::kFormat, static_cast<std::uint16_t>(kExtendedBit | (static_cast<std::uint16_t>(layout) << 1U)));
  if (xattr_size > 0) {
    fields.u16(inode::kXattrCount, static_cast<std::uint16_t>((xattr_size - kXattrHeaderSize) / 4 + 1));
  }
  fields.u16(inode::kMode, full_mode(inode));
  fields.u64(inode::kSize, size);
  fields.u32(inode::kUnion, union_field);
  fields.u32(inode::kNumber, index);
  fields.u32(inode::kUid, inode.uid);
  fields.u32(inode::kGid, inode.gid);
  fields.u64(inode::kMtime, static_cast<std::uint64_t>(inode.mtime));
  fields.u32(inode::kMtimeNanoseconds, inode.mtime_nanoseconds);
  fields.u32(inode::kLinks, numbering_.link_counts[number]);
  if (inode.type == EntryType::directory && inode.implicit) fields.u8(inode::kImplicit, 1);
  if (xattr_size > 0) write_xattrs(inode.xattrs, at + kInodeSize);
  return at + kInodeSize + xattr_size;
}

void InodeWriter::write_xattrs(std::uint32_t set, std::byte* to) const {
  to += kXattrHeaderSize;  // all zero: no shared attributes
  for (const auto& [key, value] : rafs_.tree.xattrs(set)) {
    const XattrName name = split_xattr(key).value();  // check_inode has seen it
    const FieldWriter entry(to);
    entry.u8(0, static_cast<std::uint8_t>(name.suffix.size()));
    entry.u8(1, name.prefix);
    entry.u16(2, static_cast<std::uint16_t>(value.size()));
    entry.text(kXattrEntrySize, name.suffix);
    entry.text(kXattrEntrySize + name.suffix.size(), value);
    to += round_up(kXattrEntrySize + name.suffix.size() + value.size(), 4);
  }
}

}  // namespace accel::formats::nydus::v6
