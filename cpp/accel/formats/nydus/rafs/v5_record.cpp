#include <sys/stat.h>

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v5_tables.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kHeaderSize = 128, kChunkEntry = 80, kSuperSize = 8192;

namespace flag {
constexpr std::uint64_t kSymlink = 0x1, kXattr = 0x4, kHoles = 0x8;
}  // namespace flag

std::uint64_t align8(std::uint64_t size) { return (size + 7) / 8 * 8; }

tar::EntryType type_of(const Record& record, std::string_view name) {
  switch (record.u32(60) & S_IFMT) {
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
    case S_IFSOCK:
      throw UnsupportedError("read a bootstrap: " + std::string(name) + " is a socket, which no image layer can hold");
    default:
      BootstrapBytes::fail("an inode has no known type", record.offset() + 60, std::string(name));
  }
}

void read_header(const Record& record, V5Record& out) {
  const ByteView digest = record.part(0, out.digest.size());
  std::copy(digest.begin(), digest.end(), out.digest.begin());
  out.parent = record.u64(32);
  out.number = record.u64(40);
  out.link_count = record.u32(88);
  record.require(out.link_count != 0, "an inode has no links", 88);
  out.first_child = record.u32(92);
  out.children = record.u32(96);
  Inode& inode = out.value;
  inode.uid = record.u32(48);
  inode.gid = record.u32(52);
  inode.mode = record.u32(60) & 07777U;
  inode.mtime = static_cast<std::int64_t>(record.u64(112));
  inode.mtime_nanoseconds = record.u32(108);
  record.require(inode.mtime_nanoseconds < 1'000'000'000, "an inode's time has more nanoseconds than a second", 108);
}

/// Moves along a record's parts, each padded to 8 bytes.
ByteView next_part(const BootstrapBytes& bytes, std::uint64_t& at, std::uint64_t size, const char* what) {
  const ByteView part = bytes.at(at, size, what);
  at += align8(size);
  return part;
}

void read_type(const Record& header, const V5Super& super, const BootstrapBytes& bytes, std::uint64_t& at,
               V5Record& out) {
  Inode& inode = out.value;
  const std::string name(out.name);
  const std::uint64_t size = header.u64(64);
  if (inode.type == tar::EntryType::character || inode.type == tar::EntryType::block) inode.device = header.u32(104);
  if (inode.type != tar::EntryType::regular) return;
  inode.size = size;
  const std::uint64_t count = size / super.chunk_size + (size % super.chunk_size != 0 ? 1 : 0);
  if ((header.u64(80) & flag::kHoles) != 0) {
    throw UnsupportedError("read a bootstrap: " + name + " has holes, which no builder writes any more");
  }
  if (out.children != count) BootstrapBytes::fail("a file does not have the chunks of its size", at, name);
  inode.chunk_count = out.children;
  out.chunks_offset = at;
  out.chunks = bytes.at(at, count * kChunkEntry, "the chunks of a file");
  at += count * kChunkEntry;
}

}  // namespace

V5Record read_v5_record(const BootstrapBytes& bytes, const V5Super& super, std::uint32_t index) {
  const std::uint64_t entry = super.inodes.offset + (std::uint64_t{index} - 1) * 4;
  const auto eighth = load_le<std::uint32_t>(bytes.at(entry, 4, "the inode table").data());
  V5Record out;
  out.offset = std::uint64_t{eighth} * 8;
  if (out.offset <= kSuperSize || eighth >= (1U << 29U)) {
    BootstrapBytes::fail("the inode table leads outside of the records", entry);
  }
  const Record header(bytes.at(out.offset, kHeaderSize, "an inode record"), out.offset);
  read_header(header, out);
  std::uint64_t at = out.offset + kHeaderSize;
  out.name = as_text(next_part(bytes, at, header.u16(100), "an inode's name"));
  header.require(!out.name.empty() && out.name.size() <= tar::kMaxComponentSize, "a name is empty or too long", 100);
  out.value.type = type_of(header, out.name);
  out.value.implicit = out.value.type == tar::EntryType::directory && header.u8(v5::inode::kImplicit) == 1;
  const bool is_symlink = out.value.type == tar::EntryType::symlink;
  const std::uint64_t flags = header.u64(80);
  header.require(((flags & flag::kSymlink) != 0) == is_symlink && (header.u16(102) != 0) == is_symlink,
                 "an inode's flags do not fit its type", 80);
  if (is_symlink) {
    out.link_target = as_text(next_part(bytes, at, header.u16(102), "a symlink's target"));
    header.require(header.u64(64) == out.link_target.size() && out.link_target.find('\0') == std::string_view::npos,
                   "a symlink's target is not what its size says", 64);
  }
  out.has_xattrs = (flags & flag::kXattr) != 0;
  if (out.has_xattrs) {
    header.require(super.has_xattrs(), "there are xattrs, but no flag says so", 80);
    const auto size = load_le<std::uint64_t>(bytes.at(at, 8, "the xattrs").data());
    at += 8;
    // Bounded before it is rounded up.
    static_cast<void>(bytes.at(at, size, "the xattrs"));
    out.xattrs = next_part(bytes, at, size, "the xattrs");
  }
  read_type(header, super, bytes, at, out);
  out.end = at;
  if (out.end > bytes.size()) BootstrapBytes::fail("a record ends beyond the file", out.offset, std::string(out.name));
  return out;
}

Xattrs read_v5_xattrs(const V5Record& record) {
  const auto fail = [&](const char* what) { BootstrapBytes::fail(what, record.offset, std::string(record.name)); };
  Xattrs xattrs;
  for (ByteView rest = record.xattrs; !rest.empty();) {
    if (rest.size() < 4) fail("an xattr is cut");
    const auto size = load_le<std::uint32_t>(rest.data());
    rest = rest.subspan(4);
    if (size > rest.size()) fail("an xattr ends beyond its inode's");
    const std::string_view pair = as_text(rest.first(size));
    const std::size_t end = pair.find('\0');
    if (end == std::string_view::npos || !is_xattr_name(pair.substr(0, end))) fail("an xattr has no valid name");
    const std::string_view value = pair.substr(end + 1);
    if (value.size() > 65536) fail("an xattr is larger than 64 KiB");
    if (!xattrs.emplace(pair.substr(0, end), value).second) fail("an inode has one xattr twice");
    rest = rest.subspan(size);
  }
  return xattrs;
}

}  // namespace accel::formats::nydus
