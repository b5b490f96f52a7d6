#include "accel/formats/nydus/rafs/v6_directory.hpp"

#include <cstring>

#include "accel/base/endian.hpp"

namespace accel::formats::nydus::v6 {

namespace {

using tar::EntryType;

FileType file_type(EntryType type) {
  switch (type) {
    case EntryType::regular:
      return FileType::regular;
    case EntryType::directory:
      return FileType::directory;
    case EntryType::symlink:
      return FileType::symlink;
    case EntryType::character:
      return FileType::character;
    case EntryType::block:
      return FileType::block;
    case EntryType::fifo:
      return FileType::fifo;
    case EntryType::hardlink:
      break;
  }
  return FileType::unknown;
}

}  // namespace

DirectoryContent::DirectoryContent(const Tree& tree, const Numbering& numbering, const Numbering::Directory& directory)
    : tree_(tree) {
  const Entry self{.name = ".", .target = directory.name};
  const Entry parent{.name = "..", .target = numbering.directories[directory.parent].name};
  entries_.reserve(directory.child_count + 2);
  // Names such as "!x" and "-x" come before the dots.
  std::size_t dots = 0;
  for (const Tree::Name child : numbering.children(directory)) {
    const std::string_view name = tree.name(child);
    if (dots == 0 && self.name < name) {
      entries_.push_back(self);
      ++dots;
    }
    if (dots == 1 && parent.name < name) {
      entries_.push_back(parent);
      ++dots;
    }
    entries_.push_back({.name = name, .target = child});
  }
  if (dots == 0) entries_.push_back(self);
  if (dots <= 1) entries_.push_back(parent);

  Block block{};
  for (const Entry& entry : entries_) {
    const std::size_t need = kDirentSize + entry.name.size();
    if (block.size + need > kBlockSize) {
      blocks_.push_back(block);
      block = {.first = block.last, .last = block.last, .size = 0};
    }
    block.size += need;
    ++block.last;
  }
  blocks_.push_back(block);
}

std::uint64_t DirectoryContent::size() const noexcept {
  return std::uint64_t{kBlockSize} * (blocks_.size() - 1) + blocks_.back().size;
}

std::uint16_t DirectoryContent::store_entry(const Entry& entry, std::uint64_t nid, std::uint16_t name_offset,
                                            std::byte* to, std::byte* block) const {
  store_le<std::uint64_t>(to + dirent::kNid, nid);
  store_le<std::uint16_t>(to + dirent::kNameOffset, name_offset);
  to[dirent::kFileType] = static_cast<std::byte>(file_type(tree_.inode(entry.target).type));
  std::memcpy(block + name_offset, entry.name.data(), entry.name.size());
  return static_cast<std::uint16_t>(name_offset + entry.name.size());
}

}  // namespace accel::formats::nydus::v6
