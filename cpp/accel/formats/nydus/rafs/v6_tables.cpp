#include "accel/formats/nydus/rafs/v6_tables.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kBlobEntrySize = 256, kDeviceOffset = 1408, kDeviceSize = 128, kChunkEntrySize = 80;
constexpr std::size_t kIdSize = 64;
constexpr std::uint64_t kMaxUncompressed = 1ULL << 44U, kMaxCompressed = 1ULL << 40U;

template <std::size_t kSize>
void copy_to(ByteView from, std::array<std::byte, kSize>& to) {
  std::copy_n(from.begin(), kSize, to.begin());
}

/// An id of 64 bytes, shorter ones padded with NULs.
std::string read_id(const Record& record, std::size_t at) {
  std::string id = to_string(record.part(at, kIdSize));
  id.resize(id.find_last_not_of('\0') + 1);
  record.require(!id.empty() && id.find('\0') == std::string::npos && tar::is_utf8(id), "a blob id is no text", at);
  return id;
}

bool has(const Blob& blob, std::uint32_t bit) { return (blob.features & bit) != 0; }

/// nydus-blob.md 7: key and IV stand where the meta blob's digest and size would.
void read_cipher(const Record& record, Blob& blob) {
  const std::uint32_t cipher = record.u32(216);
  record.require(cipher <= 1, "a blob's cipher is not known, or is not used for blobs", 216);
  record.require((cipher == 1) == has(blob, feature::kEncrypted), "a blob's cipher and its features disagree", 216);
  if (cipher == 0) {
    copy_to(record.part(168, 32), blob.meta_digest);
    blob.meta_size = record.u64(200);
    return;
  }
  copy_to(record.part(168, 32), blob.key);
  copy_to(record.part(200, 16), blob.iv);
}

/// The relations between the chunk information array and the number of chunks, rafs-v6.md 19.2, point 2.
void check_ci(const Record& record, const Blob& blob) {
  const bool v2 = has(blob, feature::kChunkInfoV2);
  const bool extra = has(blob, feature::kZran | feature::kBatch);
  record.require(v2 || (!extra && !has(blob, feature::kEncrypted)), "a blob's features need chunk information v2", 84);
  record.require(blob.ci_compressed_size <= blob.ci_uncompressed_size, "a blob's chunk information grew by compression",
                 120);
  record.require(blob.ci_offset <= UINT64_MAX - blob.ci_compressed_size, "a blob's chunk information has no end", 112);
  constexpr std::uint32_t kGenerated = 0x200;
  if (has(blob, feature::kTarfs | kGenerated)) return;
  const std::uint64_t want = std::uint64_t{blob.chunk_count} * (v2 ? 24U : 16U);
  record.require(extra ? blob.ci_uncompressed_size >= want : blob.ci_uncompressed_size == want,
                 "a blob's chunk information does not have the size of its chunks", 128);
}

Blob read_blob(const Record& record, const V6Super& super, std::uint32_t index) {
  Blob blob;
  blob.id = read_id(record, 0);
  record.require(record.u32(64) == index, "a blob's index is not its place in the table", 64);
  record.require(record.u32(68) == super.chunk_size, "a blob's chunk size is not the file system's", 68);
  blob.chunk_count = record.u32(72);
  record.require(blob.chunk_count <= kMaxChunksPerBlob, "a blob has more than 2^24 chunks", 72);
  record.require(blob.chunk_count != 0 || super.tarfs(), "a blob without chunks is listed", 72);
  record.require(record.u32(76) <= 3, "a blob's compressor is not known", 76);
  blob.compressor = static_cast<Compressor>(record.u32(76));
  record.require(record.u32(80) <= 1, "a blob's digest algorithm is not known", 80);
  blob.digester = static_cast<Digester>(record.u32(80));
  blob.features = record.u32(84);
  record.require(
      (blob.features & feature::kIncompatibleMask & ~feature::kKnown) == 0 && (blob.features & 0x80000000U) == 0,
      "a blob has features that this version does not know", 84);
  record.require(has(blob, feature::kAligned) != has(blob, feature::kTarfs),
                 "a blob must be either aligned or a plain tar", 84);
  record.require(has(blob, feature::kTarfs) == super.tarfs(), "a blob's features and the TARFS flag disagree", 84);
  blob.compressed_size = record.u64(88);
  record.require(blob.compressed_size <= kMaxCompressed, "a blob is said to have more than 1 TiB", 88);
  blob.uncompressed_size = record.u64(96);
  record.require(blob.uncompressed_size <= kMaxUncompressed, "a blob is said to hold more than 16 TiB", 96);
  blob.toc_size = record.u32(104);
  record.require(record.u32(108) <= 3, "the compressor of a blob's chunk information is not known", 108);
  blob.ci_compressor = static_cast<Compressor>(record.u32(108));
  blob.ci_offset = record.u64(112);
  blob.ci_compressed_size = record.u64(120);
  blob.ci_uncompressed_size = record.u64(128);
  copy_to(record.part(136, 32), blob.toc_digest);
  check_ci(record, blob);
  read_cipher(record, blob);
  return blob;
}

/// The device table, and what depends on all of its slots.
void check_devices(const BootstrapBytes& bytes, const V6Super& super, const std::vector<Blob>& blobs) {
  std::unordered_set<std::string_view> ids;
  std::uint64_t blocks = 0;
  std::uint64_t end = bytes.size() / super.block_size;  // of what comes before on one flat device
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const std::uint64_t offset = kDeviceOffset + i * kDeviceSize;
    const Record record(bytes.at(offset, kDeviceSize, "the device table"), offset);
    record.require(read_id(record, 0) == blobs[i].id, "a device does not have its blob's id", 0);
    record.require(ids.insert(blobs[i].id).second, "two devices have the same id", 0);
    record.require(record.u32(64) != 0 && record.u32(64) == blobs[i].uncompressed_size / super.block_size,
                   "a device does not have its blob's size", 64);
    blocks += record.u32(64);
    const std::uint32_t mapped = record.u32(68);
    if (mapped == 0) continue;  // not made to be one flat device
    record.require(mapped >= end, "a device lies over what comes before it", 68);
    end = std::uint64_t{mapped} + record.u32(64);
  }
  // The field has 32 bits, sums of large images do not.
  if (!blobs.empty() && static_cast<std::uint32_t>(blocks) != super.data_blocks) {
    BootstrapBytes::fail("the block count is not that of its devices", 1024 + 36);
  }
}

}  // namespace

std::vector<Blob> read_v6_blobs(const BootstrapBytes& bytes, const V6Super& super) {
  if (super.device_count > kMaxBlobs) BootstrapBytes::fail("it has more than 254 blobs", 1024 + 86);
  std::vector<Blob> blobs;
  for (std::uint32_t i = 0; i < super.device_count; ++i) {
    const std::uint64_t offset = super.blobs.offset + i * kBlobEntrySize;
    blobs.push_back(read_blob(Record(bytes.at(offset, kBlobEntrySize, "the blob table"), offset), super, i));
  }
  check_devices(bytes, super, blobs);
  return blobs;
}

std::vector<Chunk> read_v6_chunks(const BootstrapBytes& bytes, const V6Super& super, const std::vector<Blob>& blobs) {
  std::vector<Chunk> chunks;
  if (super.tarfs() || super.chunks.size == 0) return chunks;
  chunks.reserve(static_cast<std::size_t>(super.chunks.size / kChunkEntrySize));
  for (std::uint64_t at = 0; at < super.chunks.size; at += kChunkEntrySize) {
    const std::uint64_t offset = super.chunks.offset + at;
    const Record record(bytes.at(offset, kChunkEntrySize, "the chunk table"), offset);
    const Chunk chunk = read_chunk(record, blobs, super.chunk_size, FsVersion::v6);
    record.require(chunk.uncompressed_offset % kBlockSize == 0, "a chunk's uncompressed offset is not aligned", 56);
    record.require(chunk.uncompressed_offset / super.block_size <= UINT32_MAX, "a chunk's block address is too large",
                   56);
    chunks.push_back(chunk);
  }
  return chunks;
}

ChunkPlaces::ChunkPlaces(const std::vector<Chunk>& chunks, const V6Super& super) {
  places_.reserve(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = chunks[i];
    places_.push_back({std::uint64_t{chunk.blob} << 32U | chunk.index,
                       static_cast<std::uint32_t>(chunk.uncompressed_offset / super.block_size),
                       static_cast<std::uint32_t>(i)});
  }
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.key == b.key; });
  if (twice != places_.end()) {
    BootstrapBytes::fail("chunk " + std::to_string(twice->key & UINT32_MAX) + " of a blob is listed twice",
                         super.chunks.offset + std::next(twice)->position * kChunkEntrySize);
  }
}

std::uint32_t ChunkPlaces::find(std::uint32_t blob, std::uint32_t index, std::uint32_t block) const {
  const std::uint64_t key = std::uint64_t{blob} << 32U | index;
  const auto found = std::lower_bound(places_.begin(), places_.end(), key,
                                      [](const Place& place, std::uint64_t want) { return place.key < want; });
  return found == places_.end() || found->key != key || found->block != block ? kNone : found->position;
}

}  // namespace accel::formats::nydus
