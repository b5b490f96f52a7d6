#include "accel/formats/nydus/rafs/v5_writer.hpp"

#include <utility>
#include <vector>

#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/digest_tree.hpp"
#include "accel/formats/nydus/rafs/field_writer.hpp"
#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/prefetch.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v5_record_writer.hpp"

namespace accel::formats::nydus {

namespace v5 {
namespace {

/// Where the parts are: offsets in bytes.
struct FileMap {
  std::uint64_t prefetch = 0, blobs = 0, extended_blobs = 0, records = 0, size = 0;
};

std::uint64_t blob_table_size(const std::vector<Blob>& blobs) {
  if (blobs.empty()) return 0;
  std::uint64_t size = blobs.size() - 1;  // NULs between the entries
  for (const Blob& blob : blobs) size += kBlobNumbersSize + blob.id.size();
  return round_up(size, kAlignment);
}

FileMap map_file(const Rafs& rafs, std::size_t names, std::size_t prefetched) {
  FileMap map;
  map.prefetch = kSuperblockSize + round_up(sizeof(std::uint32_t) * names, kAlignment);
  map.blobs = map.prefetch + round_up(sizeof(std::uint32_t) * prefetched, kAlignment);
  map.extended_blobs = map.blobs + blob_table_size(rafs.blobs);
  map.records = map.extended_blobs + kExtendedBlobSize * rafs.blobs.size();
  return map;
}

void write_superblock(const Rafs& rafs, const Numbering& numbering, const FileMap& map, std::size_t prefetched,
                      bool has_xattrs, std::byte* file) {
  const FieldWriter super(file);
  super.u32(superblock::kMagic, kMagic);
  super.u32(superblock::kVersion, kVersion);
  super.u32(superblock::kSize, kSuperblockSize);
  super.u32(superblock::kBlockSize, rafs.chunk_size);
  super.u64(superblock::kFlags, common_flags(rafs, has_xattrs));
  super.u64(superblock::kInodes, numbering.inode_count);
  super.u64(superblock::kInodeTable, kSuperblockSize);
  super.u64(superblock::kPrefetchTable, map.prefetch);
  super.u64(superblock::kBlobTable, map.blobs);
  super.u32(superblock::kInodeEntries, static_cast<std::uint32_t>(numbering.names.size()));
  super.u32(superblock::kPrefetchEntries, static_cast<std::uint32_t>(prefetched));
  super.u32(superblock::kBlobTableSize, static_cast<std::uint32_t>(map.extended_blobs - map.blobs));
  super.u32(superblock::kBlobEntries, static_cast<std::uint32_t>(rafs.blobs.size()));
  super.u64(superblock::kExtendedBlobTable, map.extended_blobs);
}

void write_blobs(const Rafs& rafs, const FileMap& map, std::byte* file) {
  std::byte* name = file + map.blobs;
  std::byte* extended = file + map.extended_blobs;
  for (const Blob& blob : rafs.blobs) {
    FieldWriter(name).text(kBlobNumbersSize, blob.id);  // behind two zeros: nothing to read ahead
    name += kBlobNumbersSize + blob.id.size() + 1;
    const FieldWriter entry(extended);
    entry.u32(extended_blob::kChunkCount, blob.chunk_count);
    entry.u32(extended_blob::kFeatures, blob.features);
    entry.u64(extended_blob::kUncompressedSize, blob.uncompressed_size);
    entry.u64(extended_blob::kCompressedSize, blob.compressed_size);
    extended += kExtendedBlobSize;
  }
}

}  // namespace
}  // namespace v5

Buffer write_bootstrap_v5(const Rafs& rafs) {
  const Numbering numbering = number_names(rafs.tree);
  std::vector<std::uint32_t> prefetched;
  for (const PrefetchTarget& target : prefetch_targets(rafs.tree, rafs.prefetch)) {
    prefetched.push_back(numbering.first_index[rafs.tree.inode_number(target.name)]);
  }
  v5::FileMap map = v5::map_file(rafs, numbering.names.size(), prefetched.size());
  const v5::RecordPlan plan = v5::plan_records(rafs, numbering, map.records);
  map.size = plan.end;

  Buffer file(static_cast<std::size_t>(map.size));
  file.append_zeros(static_cast<std::size_t>(map.size));
  v5::write_superblock(rafs, numbering, map, prefetched.size(), plan.has_xattrs, file.data());
  const FieldWriter table(file.data() + v5::kSuperblockSize);
  for (std::size_t i = 0; i < plan.offsets.size(); ++i) table.u32(sizeof(std::uint32_t) * i, plan.offsets[i]);
  const FieldWriter prefetch(file.data() + map.prefetch);
  for (std::size_t i = 0; i < prefetched.size(); ++i) prefetch.u32(sizeof(std::uint32_t) * i, prefetched[i]);
  v5::write_blobs(rafs, map, file.data());
  v5::RecordWriter(rafs, numbering, plan, inode_digests(rafs, numbering), file.data()).write();
  return file;
}

}  // namespace accel::formats::nydus
