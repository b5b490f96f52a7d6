#include "accel/formats/nydus/rafs/v6_table_writer.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/field_writer.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"

namespace accel::formats::nydus::v6 {

namespace {

constexpr std::uint64_t kUnused = UINT64_MAX;

bool all_have(const std::vector<Blob>& blobs, std::uint32_t features) {
  return std::ranges::all_of(blobs, [&](const Blob& blob) { return (blob.features & features) == features; });
}

bool is_encrypted(const Blob& blob) { return (blob.features & feature::kEncrypted) != 0; }

/// Blocks of the uncompressed view, which is what a device shows.
std::uint32_t block_count(const Blob& blob) {
  const std::uint64_t blocks = blob.uncompressed_size / kBlockSize;
  if (blocks == 0 || blocks > UINT32_MAX || blob.uncompressed_size % kBlockSize != 0) {
    refuse_bootstrap("blob " + blob.id + " has an uncompressed size of " + std::to_string(blob.uncompressed_size) +
                     ", want a multiple of 4096 up to 16 TiB");
  }
  return static_cast<std::uint32_t>(blocks);
}

std::uint32_t block_number(std::uint64_t offset) {
  if (offset / kBlockSize > UINT32_MAX) refuse_bootstrap("more than 16 TiB of metadata and blobs");
  return static_cast<std::uint32_t>(offset / kBlockSize);
}

void store_blob(const Blob& blob, std::uint32_t index, std::uint32_t chunk_size, std::byte* to) {
  const FieldWriter entry(to);
  entry.text(blob::kId, blob.id);
  entry.u32(blob::kIndex, index);
  entry.u32(blob::kChunkSize, chunk_size);
  entry.u32(blob::kChunkCount, blob.chunk_count);
  entry.u32(blob::kCompressor, static_cast<std::uint32_t>(blob.compressor));
  entry.u32(blob::kDigester, static_cast<std::uint32_t>(blob.digester));
  entry.u32(blob::kFeatures, blob.features);
  entry.u64(blob::kCompressedSize, blob.compressed_size);
  entry.u64(blob::kUncompressedSize, blob.uncompressed_size);
  entry.u32(blob::kTocSize, blob.toc_size);
  entry.u32(blob::kCiCompressor, static_cast<std::uint32_t>(blob.ci_compressor));
  entry.u64(blob::kCiOffset, blob.ci_offset);
  entry.u64(blob::kCiCompressedSize, blob.ci_compressed_size);
  entry.u64(blob::kCiUncompressedSize, blob.ci_uncompressed_size);
  entry.bytes(blob::kTocDigest, blob.toc_digest);
  if (is_encrypted(blob)) {
    entry.bytes(blob::kKey, blob.key);
    entry.bytes(blob::kIvHead, ByteView(blob.iv).first(blob::kIvHalf));
    entry.bytes(blob::kIvTail, ByteView(blob.iv).subspan(blob::kIvHalf));
    entry.u32(blob::kCipher, blob::kAes128Xts);
  } else {
    entry.bytes(blob::kMetaDigest, blob.meta_digest);
    entry.u64(blob::kMetaSize, blob.meta_size);
  }
}

}  // namespace

std::vector<ChunkTableEntry> chunk_table(const Rafs& rafs, const Numbering& numbering) {
  std::vector<std::uint64_t> last_offset(rafs.chunks.size(), kUnused);
  std::size_t used = 0;
  for (const Tree::Name name : numbering.names) {
    const Inode& inode = rafs.tree.inode(name);
    for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
      std::uint64_t& offset = last_offset[rafs.file_chunks[inode.first_chunk + i]];
      used += offset == kUnused ? 1U : 0U;
      offset = std::uint64_t{i} * rafs.chunk_size;
    }
  }
  std::vector<ChunkTableEntry> table;
  table.reserve(used);
  for (std::uint32_t chunk = 0; chunk < last_offset.size(); ++chunk) {
    if (last_offset[chunk] != kUnused) table.push_back({chunk, last_offset[chunk]});
  }
  std::ranges::sort(table, [&](const ChunkTableEntry& left, const ChunkTableEntry& right) {
    const Chunk& a = rafs.chunks[left.chunk];
    const Chunk& b = rafs.chunks[right.chunk];
    const int order = std::memcmp(a.digest.data(), b.digest.data(), a.digest.size());
    return order != 0 ? order < 0 : std::tie(a.blob, a.index) < std::tie(b.blob, b.index);
  });
  return table;
}

FileMap map_file(std::size_t blobs, std::size_t prefetched, std::uint64_t inodes_end, std::size_t chunks) {
  FileMap map;
  map.blob_table = round_up(kDevices + kDeviceSize * blobs, kBlockSize);
  if (blobs > 0) {
    const std::uint64_t tables_end = map.blob_table + kBlobSize * blobs;
    if (prefetched > 0) map.prefetch_table = tables_end;
    map.meta = round_up(tables_end + sizeof(std::uint32_t) * prefetched, kBlockSize);
  }
  map.chunk_table = round_up(map.meta + inodes_end, kBlockSize);
  map.size = round_up(map.chunk_table + kChunkEntrySize * chunks, kBlockSize);
  block_number(map.size);
  return map;
}

void TableWriter::superblocks(const SuperblockFacts& facts, std::size_t prefetched, std::size_t chunks) const {
  std::uint64_t blocks = 0;
  for (const Blob& blob : rafs_.blobs) blocks += block_count(blob);
  const FieldWriter super(file_ + kSuperblock);
  super.u32(superblock::kMagic, kMagic);
  super.u32(superblock::kCompatible, kCompatibleRafs);
  super.u8(superblock::kBlockBits, kBlockBits);
  super.u16(superblock::kRootNid, static_cast<std::uint16_t>(facts.root_nid));
  super.u64(superblock::kInodes, facts.names);
  super.u32(superblock::kBlocks, block_number(blocks * kBlockSize));
  super.u32(superblock::kMetaBlock, block_number(map_.meta));
  super.u32(superblock::kIncompatible, kIncompatible);
  super.u16(superblock::kExtraDevices, static_cast<std::uint16_t>(rafs_.blobs.size()));
  super.u16(superblock::kDeviceSlot, kDeviceSlot);

  std::uint64_t flags = common_flags(rafs_, facts.has_xattrs);
  if (all_have(rafs_.blobs, feature::kInlinedChunkDigest)) flags |= super_flag::kInlinedChunkDigest;
  const bool encrypted = std::ranges::any_of(rafs_.blobs, is_encrypted);
  flags |= encrypted ? super_flag::kEncryptionAes : super_flag::kEncryptionNone;
  const FieldWriter extra(file_ + kExtended);
  extra.u64(extended::kFlags, flags);
  extra.u64(extended::kBlobTable, map_.blob_table);
  extra.u32(extended::kBlobTableSize, static_cast<std::uint32_t>(kBlobSize * rafs_.blobs.size()));
  extra.u32(extended::kChunkSize, rafs_.chunk_size);
  extra.u64(extended::kChunkTable, map_.chunk_table);
  extra.u64(extended::kChunkTableSize, kChunkEntrySize * chunks);
  if (map_.prefetch_table == 0) return;
  extra.u64(extended::kPrefetchTable, map_.prefetch_table);
  extra.u32(extended::kPrefetchTableSize, static_cast<std::uint32_t>(sizeof(std::uint32_t) * prefetched));
}

void TableWriter::devices() const {
  std::uint64_t end = map_.size;
  std::byte* at = file_ + kDevices;
  for (const Blob& blob : rafs_.blobs) {
    const std::uint64_t mapped = round_up(end, kDeviceAlignment);
    const FieldWriter slot(at);
    slot.text(device::kId, blob.id);
    slot.u32(device::kBlocks, block_count(blob));
    slot.u32(device::kMappedBlock, block_number(mapped));
    end = mapped + blob.uncompressed_size;
    at += kDeviceSize;
  }
}

void TableWriter::blobs() const {
  std::byte* at = file_ + map_.blob_table;
  for (std::uint32_t i = 0; i < rafs_.blobs.size(); ++i, at += kBlobSize) {
    store_blob(rafs_.blobs[i], i, rafs_.chunk_size, at);
  }
}

void TableWriter::prefetch(const std::vector<std::uint32_t>& nids) const {
  if (map_.prefetch_table == 0) return;
  const FieldWriter table(file_ + map_.prefetch_table);
  for (std::size_t i = 0; i < nids.size(); ++i) table.u32(sizeof(std::uint32_t) * i, nids[i]);
}

void TableWriter::chunks(const std::vector<ChunkTableEntry>& table) const {
  std::byte* at = file_ + map_.chunk_table;
  for (const ChunkTableEntry& entry : table) {
    const Chunk& chunk = rafs_.chunks[entry.chunk];
    if (chunk.uncompressed_offset % kBlockSize != 0 || chunk.uncompressed_offset / kBlockSize > UINT32_MAX) {
      refuse_bootstrap("a chunk at uncompressed offset " + std::to_string(chunk.uncompressed_offset) +
                       ", want a multiple of 4096 below 16 TiB");
    }
    store_chunk(chunk, entry.file_offset, at);
    at += kChunkEntrySize;
  }
}

}  // namespace accel::formats::nydus::v6
