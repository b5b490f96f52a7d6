#include "accel/formats/nydus/rafs/table_checks.hpp"

#include <algorithm>
#include <array>

namespace accel::formats::nydus {

namespace {

constexpr std::uint32_t kTarHeaderSize = 512;
constexpr std::uint32_t kKnownFlags =
    chunk_flag::kCompressed | chunk_flag::kHole | chunk_flag::kEncrypted | chunk_flag::kBatch | chunk_flag::kHasCrc;

bool has(const Blob& blob, std::uint32_t bit) { return (blob.features & bit) != 0; }

std::uint64_t without_header(std::uint64_t size, const Blob& blob) {
  if (!has(blob, feature::kHasTarHeader)) return size;
  return size < kTarHeaderSize ? 0 : size - kTarHeaderSize;
}

void check_stored_place(const Record& record, const Chunk& chunk, const Blob& blob, FsVersion version) {
  // The chunk information of the blob says where these are; here the size may be left out (nydus-blob.md 6, 11.3).
  if (has(blob, feature::kBatch | feature::kZran) && chunk.compressed_size == 0) return;
  const std::uint64_t end = data_end(blob, version);
  record.require(chunk.compressed_size != 0, "a chunk has no stored bytes", 40);
  record.require(chunk.compressed_offset <= end && chunk.compressed_size <= end - chunk.compressed_offset,
                 "a chunk ends beyond its blob's data", 48);
  const bool as_it_is = (chunk.flags & (chunk_flag::kCompressed | chunk_flag::kEncrypted | chunk_flag::kBatch)) == 0;
  record.require(!as_it_is || has(blob, feature::kZran) || chunk.compressed_size == chunk.uncompressed_size,
                 "a chunk that is not compressed has two sizes", 40);
}

}  // namespace

std::uint64_t data_end(const Blob& blob, FsVersion version) {
  if (has(blob, feature::kSeparate | feature::kTarfs) || !has(blob, feature::kCapTarToc)) return blob.compressed_size;
  if (version == FsVersion::v5) return without_header(blob.compressed_size, blob);
  // A legacy stargz layer, whose chunk information is nowhere (nydus-blob.md 12.3).
  if (blob.compressor == Compressor::gzip && !has(blob, feature::kChunkInfoV2)) return blob.compressed_size;
  return without_header(blob.ci_offset, blob);
}

Chunk read_chunk(const Record& record, const std::vector<Blob>& blobs, std::uint32_t chunk_size, FsVersion version) {
  Chunk chunk;
  const ByteView digest = record.part(0, chunk.digest.size());
  std::copy(digest.begin(), digest.end(), chunk.digest.begin());
  chunk.blob = record.u32(32);
  record.require(chunk.blob < blobs.size(), "a chunk is in a blob that is not listed", 32);
  const Blob& blob = blobs[chunk.blob];
  chunk.flags = record.u32(36);
  record.require((chunk.flags & ~kKnownFlags) == 0 && (chunk.flags & chunk_flag::kHole) == 0,
                 "a chunk has flags that this version does not know", 36);
  chunk.compressed_size = record.u32(40);
  chunk.uncompressed_size = record.u32(44);
  record.require(chunk.uncompressed_size != 0 && chunk.uncompressed_size <= chunk_size,
                 "a chunk is empty or larger than the chunk size", 44);
  chunk.compressed_offset = record.u64(48);
  chunk.uncompressed_offset = record.u64(56);
  record.require(chunk.uncompressed_offset <= blob.uncompressed_size &&
                     chunk.uncompressed_size <= blob.uncompressed_size - chunk.uncompressed_offset,
                 "a chunk ends beyond its blob's content", 56);
  record.require(record.u64(64) % chunk_size == 0, "a chunk's place in its file is no multiple of the chunk size", 64);
  chunk.index = record.u32(72);
  record.require(chunk.index < blob.chunk_count, "a chunk has an index beyond its blob's chunks", 72);
  chunk.crc32c = record.u32(76);
  check_stored_place(record, chunk, blob, version);
  return chunk;
}

bool is_xattr_name(std::string_view name) noexcept {
  if (name.size() > 255) return false;
  if (name == "system.posix_acl_access" || name == "system.posix_acl_default") return true;
  return std::ranges::any_of(std::array<std::string_view, 3>{"user.", "security.", "trusted."},
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace accel::formats::nydus
