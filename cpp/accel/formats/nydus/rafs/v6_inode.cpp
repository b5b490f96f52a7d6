#include "accel/formats/nydus/rafs/v6_inode.hpp"

#include <sys/stat.h>

#include <array>
#include <optional>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kSlot = 32, kCompactSize = 32, kExtendedSize = 64;
constexpr std::uint64_t kXattrHeader = 12, kXattrEntry = 4;

/// By the prefix index of an xattr; "" where there is none.
constexpr std::array<std::string_view, 7> kXattrPrefixes = {
    "", "user.", "system.posix_acl_access", "system.posix_acl_default", "trusted.", "", "security."};

std::optional<tar::EntryType> type_of(std::uint16_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return tar::EntryType::regular;
    case S_IFDIR:
      return tar::EntryType::directory;
    case S_IFLNK:
      return tar::EntryType::symlink;
    case S_IFCHR:
      return tar::EntryType::character;
    case S_IFBLK:
      return tar::EntryType::block;
    case S_IFIFO:
      return tar::EntryType::fifo;
    default:
      return std::nullopt;
  }
}

V6Inode::Layout layout_of(std::uint16_t format, tar::EntryType type, std::uint64_t offset, const std::string& path) {
  using Layout = V6Inode::Layout;
  const unsigned code = format >> 1U;  // bits above the layout must be zero, which this includes
  const bool has_text = type == tar::EntryType::directory || type == tar::EntryType::symlink;
  if (type == tar::EntryType::regular ? code == 4 : code == 0) return static_cast<Layout>(code);
  if (has_text && code == 2) return Layout::inlined;
  BootstrapBytes::fail("an inode's layout does not fit its type", offset, path);
}

void read_compact(const Record& record, V6Inode& inode) {
  inode.link_count = record.u16(6);
  inode.size = record.u32(8);
  inode.uid = record.u16(24);
  inode.gid = record.u16(26);
}

void read_extended(const Record& record, V6Inode& inode) {
  inode.size = record.u64(8);
  inode.uid = record.u32(24);
  inode.gid = record.u32(28);
  inode.mtime = static_cast<std::int64_t>(record.u64(32));
  inode.mtime_nanoseconds = record.u32(40);
  record.require(inode.mtime_nanoseconds < 1'000'000'000, "an inode's time has more nanoseconds than a second", 40);
  inode.link_count = record.u32(44);
  inode.implicit = inode.type == tar::EntryType::directory && record.u8(v6::inode::kImplicit) == 1;
}

}  // namespace

V6Inode read_v6_inode(const BootstrapBytes& bytes, const V6Super& super, std::uint64_t nid, const std::string& path) {
  if (nid == 0 || nid >= (bytes.size() - super.inode_base) / kSlot) {
    BootstrapBytes::fail("inode " + std::to_string(nid) + " is not inside the file", super.inode_base, path);
  }
  V6Inode inode;
  inode.offset = super.inode_base + nid * kSlot;
  const auto format = load_le<std::uint16_t>(bytes.at(inode.offset, kCompactSize, "an inode").data());
  const bool extended = (format & 1U) != 0;
  const std::uint64_t size = extended ? kExtendedSize : kCompactSize;
  const Record record(bytes.at(inode.offset, size, "an inode"), inode.offset);
  const std::uint16_t mode = record.u16(4);
  const std::optional<tar::EntryType> type = type_of(mode);
  if (!type) {
    if ((mode & S_IFMT) == S_IFSOCK) {
      throw UnsupportedError("read a bootstrap: " + path + " is a socket, which no image layer can hold");
    }
    BootstrapBytes::fail("an inode has no known type", inode.offset + 4, path);
  }
  inode.type = *type;
  inode.mode = mode & 07777U;
  inode.layout = layout_of(format, inode.type, inode.offset, path);
  if (const std::uint16_t count = record.u16(2); count != 0) {
    inode.xattr_size = kXattrHeader + (std::uint64_t{count} - 1) * kXattrEntry;
  }
  inode.place = record.u32(16);
  extended ? read_extended(record, inode) : read_compact(record, inode);
  inode.end = inode.offset + size + inode.xattr_size;
  if (inode.end > bytes.size()) BootstrapBytes::fail("an inode's xattrs end beyond the file", inode.offset, path);
  return inode;
}

Xattrs read_v6_xattrs(const BootstrapBytes& bytes, const V6Inode& inode, const std::string& path) {
  const std::uint64_t start = inode.end - inode.xattr_size;
  const ByteView area = bytes.at(start, inode.xattr_size, "the xattrs");
  const auto fail = [&](const char* what, std::size_t at) { BootstrapBytes::fail(what, start + at, path); };
  if (area[4] != std::byte{0}) fail("an inode has shared xattrs", 4);
  Xattrs xattrs;
  for (std::size_t at = kXattrHeader; at < area.size();) {
    const Record entry(area.subspan(at), start + at);
    const std::size_t name_size = entry.u8(0);
    const std::size_t value_size = entry.u16(2);
    if (kXattrEntry + name_size + value_size > area.size() - at) fail("an xattr ends beyond its inode's", at);
    const std::uint8_t prefix = entry.u8(1);
    if (prefix >= kXattrPrefixes.size() || kXattrPrefixes[prefix].empty()) fail("an xattr has no known prefix", at + 1);
    const std::string name = std::string(kXattrPrefixes[prefix]).append(as_text(entry.part(kXattrEntry, name_size)));
    if (!is_xattr_name(name) || name.find('\0') != std::string::npos) fail("an xattr has no valid name", at + 4);
    if (!xattrs.emplace(name, as_text(entry.part(kXattrEntry + name_size, value_size))).second) {
      fail("an inode has one xattr twice", at);
    }
    at += (kXattrEntry + name_size + value_size + 3) / 4 * 4;
  }
  if (xattrs.empty()) fail("an inode's xattrs are empty", 0);
  return xattrs;
}

V6Content v6_content(const BootstrapBytes& bytes, const V6Super& super, const V6Inode& inode, const std::string& path) {
  V6Content content;
  const std::uint64_t block_size = super.block_size;
  const std::uint64_t tail = inode.layout == V6Inode::Layout::inlined ? inode.size % block_size : 0;
  if (tail != 0) {
    content.tail_offset = inode.end;
    content.tail = bytes.at(inode.end, tail, "inlined data");
    if (inode.end % block_size + tail > block_size) {
      BootstrapBytes::fail("inlined data crosses the end of a block", inode.end, path);
    }
  }
  if (const std::uint64_t whole = inode.size - tail; whole != 0) {
    content.blocks_offset = std::uint64_t{inode.place} * block_size;
    content.blocks = bytes.at(content.blocks_offset, whole, "the data of a directory or symlink");
  }
  return content;
}

}  // namespace accel::formats::nydus
