/// Superblocks and tables of a v6 bootstrap. Spec: rafs-v6.md 3–5, 12–14.
#pragma once

#include <cstdint>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus::v6 {

/// One line of the chunk table: a chunk of Rafs::chunks, and its offset in the file that used it last.
struct ChunkTableEntry {
  std::uint32_t chunk;
  std::uint64_t file_offset;
};

/// The chunks that files use, each once, in the order of the table: by digest, then by blob.
std::vector<ChunkTableEntry> chunk_table(const Rafs& rafs, const Numbering& numbering);

/// Where the parts of a bootstrap are: offsets and sizes in bytes.
struct FileMap {
  std::uint64_t blob_table = 0;
  std::uint64_t prefetch_table = 0;  ///< 0: there is none
  std::uint64_t meta = 0;            ///< the metadata base
  std::uint64_t chunk_table = 0;
  std::uint64_t size = 0;
};

/// Throws FormatError when it would be larger than block numbers can say.
FileMap map_file(std::size_t blobs, std::size_t prefetched, std::uint64_t inodes_end, std::size_t chunks);

/// What the superblocks say besides the tables.
struct SuperblockFacts {
  std::uint64_t names = 0;
  std::uint32_t root_nid = 0;
  bool has_xattrs = false;
};

/// Writes everything but the inodes to `file`, which is zeroed and of the map's size.
class TableWriter {
 public:
  TableWriter(const Rafs& rafs, const FileMap& map, MutableByteView file)
      : rafs_(rafs), map_(map), file_(file.data()) {}

  void superblocks(const SuperblockFacts& facts, std::size_t prefetched, std::size_t chunks) const;
  void devices() const;
  void blobs() const;
  void prefetch(const std::vector<std::uint32_t>& nids) const;
  void chunks(const std::vector<ChunkTableEntry>& table) const;

 private:
  const Rafs& rafs_;
  const FileMap& map_;
  std::byte* file_;
};

}  // namespace accel::formats::nydus::v6
