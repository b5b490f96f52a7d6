#include "accel/formats/nydus/rafs/v5_tables.hpp"

#include <array>
#include <bit>

#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kSuperSize = 8192;
constexpr std::uint32_t kMagic = 0x52414653, kVersion = 0x500;
constexpr std::uint64_t kExtendedEntry = 64;
constexpr std::uint64_t kMaxFileSize = 0x80000000;

namespace flag {
constexpr std::uint64_t kNone = 0x1, kLz4 = 0x2, kBlake3 = 0x4, kSha256 = 0x8, kExplicitIds = 0x10, kXattr = 0x20;
constexpr std::uint64_t kGzip = 0x40, kZstd = 0x80;
constexpr std::uint64_t kKnown = kNone | kLz4 | kBlake3 | kSha256 | kExplicitIds | kXattr | kGzip | kZstd;
}  // namespace flag

/// Images of before the flags existed use LZ4 and BLAKE3.
Compressor compressor_of(const Record& record) {
  const std::uint64_t flags = record.u64(16) & (flag::kNone | flag::kLz4 | flag::kGzip | flag::kZstd);
  record.require(std::popcount(flags) <= 1, "the flags name several compressors", 16);
  if (flags == flag::kNone) return Compressor::none;
  if (flags == flag::kGzip) return Compressor::gzip;
  return flags == flag::kZstd ? Compressor::zstd : Compressor::lz4_block;
}

Digester digester_of(const Record& record) {
  const std::uint64_t flags = record.u64(16) & (flag::kBlake3 | flag::kSha256);
  record.require(std::popcount(flags) <= 1, "the flags name two digest algorithms", 16);
  return flags == flag::kSha256 ? Digester::sha256 : Digester::blake3;
}

bool overlap(const V5Super::Table& left, const V5Super::Table& right) {
  return left.size != 0 && right.size != 0 && left.offset < right.offset + right.size &&
         right.offset < left.offset + left.size;
}

void check_tables(const BootstrapBytes& bytes, const V5Super& super, const Record& record) {
  const std::array tables{super.inodes, super.prefetch, super.blobs, super.extended};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    record.require(tables[i].offset % 8 == 0, "a table is not aligned", 32);
    if (tables[i].size == 0) continue;
    record.require(tables[i].offset >= kSuperSize, "a table overlaps the superblock", 32);
    static_cast<void>(bytes.at(tables[i].offset, tables[i].size, "a table"));
    for (std::size_t j = 0; j < i; ++j) record.require(!overlap(tables[i], tables[j]), "tables overlap", 32);
  }
}

/// The entry of the extended table; what is unknown of old images is without limit.
void read_extended(const BootstrapBytes& bytes, const V5Super& super, std::uint32_t index, Blob& blob) {
  if (super.extended.size == 0) {
    blob.chunk_count = UINT32_MAX;
    blob.compressed_size = blob.uncompressed_size = UINT64_MAX;
    return;
  }
  const std::uint64_t offset = super.extended.offset + index * kExtendedEntry;
  const Record record(bytes.at(offset, kExtendedEntry, "the extended blob table"), offset);
  blob.chunk_count = record.u32(0);
  record.require(blob.chunk_count != 0 && blob.chunk_count <= kMaxChunksPerBlob,
                 "a blob has no chunks, or more than 2^24", 0);
  // Readers drop what they do not know here (rafs-v5.md 7).
  blob.features = record.u32(4) & (feature::kKnown | feature::kHasTarHeader | feature::kHasToc | feature::kCapTarToc);
  constexpr std::uint32_t kOnlyV6 = feature::kChunkInfoV2 | feature::kZran | feature::kSeparate | feature::kTarfs |
                                    feature::kBatch | feature::kEncrypted;
  record.require((blob.features & kOnlyV6) == 0, "a blob has features that version 5 cannot have", 4);
  blob.uncompressed_size = record.u64(8);
  blob.compressed_size = record.u64(16);
}

}  // namespace

bool V5Super::explicit_ids() const noexcept { return (flags & flag::kExplicitIds) != 0; }
bool V5Super::has_xattrs() const noexcept { return (flags & flag::kXattr) != 0; }

V5Super read_v5_super(const BootstrapBytes& bytes) {
  const Record record(bytes.at(0, kSuperSize, "the superblock"), 0);
  V5Super super;
  record.require(record.u32(0) == kMagic && record.u32(4) == kVersion, "there is no RAFS v5 superblock", 0);
  record.require(record.u32(8) == kSuperSize, "the superblock does not have 8192 bytes", 8);
  if (bytes.size() <= kSuperSize || bytes.size() > kMaxFileSize || bytes.size() % 8 != 0) {
    BootstrapBytes::fail("its size is no multiple of 8 from 8200 bytes to 2 GiB", bytes.size());
  }
  super.chunk_size = record.u32(12);
  record.require(
      std::has_single_bit(super.chunk_size) && super.chunk_size >= kMinChunkSize && super.chunk_size <= kMaxChunkSize,
      "the chunk size is no power of two from 4 KiB to 16 MiB", 12);
  super.flags = record.u64(16);
  record.require((super.flags & ~flag::kKnown) == 0, "there are flags that this version does not know", 16);
  super.compressor = compressor_of(record);
  super.digester = digester_of(record);
  super.inode_count = record.u64(24);
  super.entries = record.u32(56);
  record.require(super.entries != 0 && super.inode_count <= super.entries, "there are more inodes than names", 24);
  super.inodes = {record.u64(32), std::uint64_t{super.entries} * 4};
  super.prefetch_entries = record.u32(60);
  super.prefetch = {record.u64(40), std::uint64_t{super.prefetch_entries} * 4};
  super.blobs = {record.u64(48), record.u32(64)};
  super.extended = {record.u64(72), record.u32(68) * kExtendedEntry};
  check_tables(bytes, super, record);
  return super;
}

std::vector<Blob> read_v5_blobs(const BootstrapBytes& bytes, const V5Super& super) {
  std::vector<Blob> blobs;
  if (super.blobs.size == 0) return blobs;
  ByteView table = bytes.at(super.blobs.offset, super.blobs.size, "the blob table");
  while (table.size() > 8) {
    const std::uint64_t offset = super.blobs.offset + super.blobs.size - table.size();
    const std::string_view text = as_text(table.subspan(8));
    const std::string_view id = text.substr(0, text.find('\0'));
    if (id.empty() || !tar::is_utf8(id)) BootstrapBytes::fail("a blob id is no text", offset + 8);
    if (blobs.size() == kMaxChunksPerBlob / 64) BootstrapBytes::fail("it has too many blobs", offset);
    Blob& blob = blobs.emplace_back();
    blob.id = id;
    blob.compressor = super.compressor;
    blob.digester = super.digester;
    read_extended(bytes, super, static_cast<std::uint32_t>(blobs.size() - 1), blob);
    table = table.subspan(std::min(table.size(), 8 + id.size() + 1));
  }
  return blobs;
}

}  // namespace accel::formats::nydus
