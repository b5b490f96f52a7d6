/// One inode of a version 6 bootstrap. Spec: rafs-v6.md 7 and 11. Internal to the reader.
#pragma once

#include <cstdint>
#include <string>

#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"
#include "accel/formats/nydus/rafs/tree.hpp"
#include "accel/formats/nydus/rafs/v6_tables.hpp"

namespace accel::formats::nydus {

struct V6Inode {
  enum class Layout : std::uint8_t { plain = 0, inlined = 2, chunks = 4 };

  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t end = 0;     ///< behind inode and xattrs: where inlined data or the chunk entries begin
  std::uint64_t xattr_size = 0;
  Layout layout = Layout::plain;
  tar::EntryType type = tar::EntryType::regular;
  std::uint16_t mode = 0;  ///< without type bits
  std::uint32_t link_count = 0;
  std::uint64_t size = 0;
  std::uint32_t place = 0;  ///< the "union": block of the data, chunk format or device number
  std::uint32_t uid = 0, gid = 0;
  std::int64_t mtime = 0;
  std::uint32_t mtime_nanoseconds = 0;
  bool implicit = false;
};

/// Reads the inode `nid`; `path` is for errors. Everything but content and xattrs is checked.
V6Inode read_v6_inode(const BootstrapBytes& bytes, const V6Super& super, std::uint64_t nid, const std::string& path);

/// Its xattrs; it has some.
Xattrs read_v6_xattrs(const BootstrapBytes& bytes, const V6Inode& inode, const std::string& path);

/// Content of a directory or symlink: the part in whole blocks, and the tail, which may lie elsewhere.
struct V6Content {
  ByteView blocks, tail;
  std::uint64_t blocks_offset = 0, tail_offset = 0;  ///< in the file
};
V6Content v6_content(const BootstrapBytes& bytes, const V6Super& super, const V6Inode& inode, const std::string& path);

}  // namespace accel::formats::nydus
