/// Writes the inodes of a v6 bootstrap with what belongs to them. Spec: rafs-v6.md 7–11.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/rafs/v6_placement.hpp"

namespace accel::formats::nydus::v6 {

class InodeWriter {
 public:
  /// `area` is zeroed memory from the metadata base on, `placement.end` bytes at least; `meta_block` is where the base
  /// is in the file, in blocks. The references outlive the writer.
  InodeWriter(const Rafs& rafs, const Numbering& numbering, const Placement& placement, MutableByteView area,
              std::uint32_t meta_block)
      : rafs_(rafs), numbering_(numbering), placement_(placement), area_(area.data()), meta_block_(meta_block) {}

  void write() const;

 private:
  void write_directory(const Numbering::Directory& directory) const;
  void write_file(Tree::Name name, std::uint32_t index) const;
  void write_symlink(Tree::Name name, std::uint32_t index) const;
  void write_regular(Tree::Name name, std::uint32_t index) const;
  std::byte* write_inode(Tree::Name name, std::uint32_t index, std::uint64_t size, std::uint32_t union_field) const;
  void write_xattrs(std::uint32_t set, std::byte* to) const;
  [[nodiscard]] std::uint32_t chunk_format(const Inode& inode) const;

  const Rafs& rafs_;
  const Numbering& numbering_;
  const Placement& placement_;
  std::byte* area_;
  std::uint32_t meta_block_;
};

}  // namespace accel::formats::nydus::v6
