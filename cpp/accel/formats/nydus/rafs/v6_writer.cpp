#include "accel/formats/nydus/rafs/v6_writer.hpp"

#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/prefetch.hpp"
#include "accel/formats/nydus/rafs/v6_inode_writer.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "accel/formats/nydus/rafs/v6_placement.hpp"
#include "accel/formats/nydus/rafs/v6_table_writer.hpp"

namespace accel::formats::nydus {

Buffer write_bootstrap_v6(const Rafs& rafs) {
  const Numbering numbering = number_names(rafs.tree);
  const v6::Placement placement = v6::place_inodes(rafs, numbering);
  const std::vector<v6::ChunkTableEntry> chunks = v6::chunk_table(rafs, numbering);
  const auto nid_of = [&](Tree::Name name) { return placement.nids[rafs.tree.inode_number(name)]; };
  std::vector<std::uint32_t> prefetched;
  for (const PrefetchTarget& target : prefetch_targets(rafs.tree, rafs.prefetch)) {
    prefetched.push_back(nid_of(target.name));
  }

  const v6::FileMap map = v6::map_file(rafs.blobs.size(), prefetched.size(), placement.end, chunks.size());
  Buffer file(static_cast<std::size_t>(map.size));
  file.append_zeros(static_cast<std::size_t>(map.size));
  const MutableByteView bytes(file.data(), file.size());
  v6::InodeWriter(rafs, numbering, placement, bytes.subspan(static_cast<std::size_t>(map.meta)),
                  static_cast<std::uint32_t>(map.meta / kBlockSize))
      .write();
  const v6::TableWriter tables(rafs, map, bytes);
  tables.prefetch(prefetched);
  tables.chunks(chunks);
  tables.devices();
  tables.blobs();
  tables.superblocks(
      {.names = numbering.names.size(), .root_nid = nid_of(Tree::kRoot), .has_xattrs = placement.has_xattrs},
      prefetched.size(), chunks.size());
  return file;
}

}  // namespace accel::formats::nydus
