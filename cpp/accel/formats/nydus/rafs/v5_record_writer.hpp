/// The inode records of a v5 bootstrap. Spec: rafs-v5.md 8–12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus::v5 {

/// Where the records are.
struct RecordPlan {
  std::vector<std::uint32_t> offsets;  ///< offsets[index - 1], in units of 8 bytes
  std::uint64_t end = 0;               ///< of the file, in bytes
  bool has_xattrs = false;
};

/// Records stand in depth-first order, from `begin` on. Throws FormatError naming the path for an inode that v5 cannot
/// hold, and for more than 2 GiB.
RecordPlan plan_records(const Rafs& rafs, const Numbering& numbering, std::uint64_t begin);

class RecordWriter {
 public:
  /// `file` is zeroed and as large as the plan says; `digests` are by inode. The references outlive the writer.
  RecordWriter(const Rafs& rafs, const Numbering& numbering, const RecordPlan& plan, std::vector<RawDigest> digests,
               std::byte* file)
      : rafs_(rafs), numbering_(numbering), plan_(plan), digests_(std::move(digests)), file_(file) {}

  void write() const;

 private:
  /// What a record says of its place in the tree.
  struct Place {
    std::uint32_t index = 0;
    std::uint32_t parent = 0;                         ///< index
    const Numbering::Directory* directory = nullptr;  ///< of a directory
    std::uint64_t size = 0;
  };

  void write_record(Tree::Name name, const Place& place) const;
  [[nodiscard]] std::uint64_t directory_size(const Numbering::Directory& directory) const;

  const Rafs& rafs_;
  const Numbering& numbering_;
  const RecordPlan& plan_;
  std::vector<RawDigest> digests_;
  std::byte* file_;
};

}  // namespace accel::formats::nydus::v5
