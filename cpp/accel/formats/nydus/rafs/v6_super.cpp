#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "accel/formats/nydus/rafs/v6_tables.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kSuperOffset = 1024, kSuperSize = 128;
constexpr std::uint64_t kExtendedOffset = 1152, kExtendedSize = 256;
constexpr std::uint64_t kDeviceOffset = 1408, kDeviceSize = 128;
constexpr std::uint64_t kMinFileSize = 8192;
constexpr std::uint32_t kMagic = 0xE0F5E1E2;
constexpr std::uint32_t kRafsMarker = 0x40000000;     // of the compatible features
constexpr std::uint32_t kIncompatible = 0x4U | 0x8U;  // chunked files, device table

namespace flag {
constexpr std::uint64_t kNone = 0x1, kLz4 = 0x2, kBlake3 = 0x4, kSha256 = 0x8, kExplicitIds = 0x10, kXattr = 0x20;
constexpr std::uint64_t kGzip = 0x40, kZstd = 0x80, kInlinedDigests = 0x100, kTarfs = 0x200;
constexpr std::uint64_t kPlain = 0x01000000, kAes = 0x02000000, kReserved = 0xFC000000;
constexpr std::uint64_t kKnown = kNone | kLz4 | kBlake3 | kSha256 | kExplicitIds | kXattr | kGzip | kZstd |
                                 kInlinedDigests | kTarfs | kPlain | kAes | kReserved;
}  // namespace flag

Compressor compressor_of(const Record& record) {
  const std::uint64_t flags = record.u64(0) & (flag::kNone | flag::kLz4 | flag::kGzip | flag::kZstd);
  record.require(std::popcount(flags) == 1, "the flags name no compressor, or several", 0);
  if (flags == flag::kNone) return Compressor::none;
  if (flags == flag::kLz4) return Compressor::lz4_block;
  return flags == flag::kGzip ? Compressor::gzip : Compressor::zstd;
}

Digester digester_of(const Record& record) {
  const std::uint64_t flags = record.u64(0) & (flag::kBlake3 | flag::kSha256);
  record.require(std::popcount(flags) == 1, "the flags name no digest algorithm, or two", 0);
  return flags == flag::kBlake3 ? Digester::blake3 : Digester::sha256;
}

/// Rules of rafs-v6.md 19.1, point 2.
void read_erofs_super(const BootstrapBytes& bytes, V6Super& super) {
  const Record record(bytes.at(kSuperOffset, kSuperSize, "the superblock"), kSuperOffset);
  record.require(record.u32(0) == kMagic, "there is neither a RAFS v5 nor an EROFS superblock", 0);
  record.require(record.u32(4) == 0, "the superblock has a checksum, which RAFS v6 does not use", 4);
  record.require((record.u32(8) & kRafsMarker) != 0, "it is an EROFS file system, but none of RAFS v6", 8);
  const std::uint8_t bits = record.u8(12);
  record.require(bits == 9 || bits == 12, "the block size is neither 512 nor 4096 bytes", 12);
  super.block_size = 1U << bits;
  record.require(bytes.size() % super.block_size == 0, "the file is not a whole number of blocks", 12);
  record.require(record.u8(13) == 0, "there are extra superblock slots", 13);
  super.root_nid = record.u16(14);
  super.names = record.u64(16);
  record.require(super.names != 0, "the inode count is 0", 16);
  super.data_blocks = record.u32(36);
  super.inode_base = std::uint64_t{record.u32(40)} * super.block_size;
  record.require(super.inode_base <= bytes.size(), "the inodes are said to begin beyond the end of the file", 40);
  record.require(record.u32(44) == 0, "there are shared xattrs, which RAFS v6 does not use", 44);
  record.require(record.u32(80) == kIncompatible, "the incompatible features are not those of RAFS v6", 80);
  record.require(record.u16(84) == 0, "the file system is compressed by EROFS", 84);
  super.device_count = record.u16(86);
  // Old writers counted their own block when there is no blob.
  record.require(super.device_count != 0 || super.data_blocks == 0 || super.data_blocks == kBlockSize,
                 "there are data blocks, but no blob", 36);
  record.require(record.u16(88) * kDeviceSize == kDeviceOffset, "the device table is in the wrong place", 88);
}

bool overlap(const V6Super::Table& left, const V6Super::Table& right) {
  return left.size != 0 && right.size != 0 && left.offset < right.offset + right.size &&
         right.offset < left.offset + left.size;
}

/// Rules of rafs-v6.md 19.1, points 3 to 5.
void read_extended_super(const BootstrapBytes& bytes, V6Super& super) {
  const Record record(bytes.at(kExtendedOffset, kExtendedSize, "the extended superblock"), kExtendedOffset);
  super.flags = record.u64(0);
  record.require((super.flags & ~flag::kKnown) == 0, "there are flags that this version does not know", 0);
  super.compressor = compressor_of(record);
  super.digester = digester_of(record);
  record.require(super.tarfs() == (super.block_size == 512) || super.device_count == 0,
                 "the block size does not fit the TARFS flag", 0);

  super.chunk_size = record.u32(20);
  record.require(
      std::has_single_bit(super.chunk_size) && super.chunk_size >= kMinChunkSize && super.chunk_size <= kMaxChunkSize,
      "the chunk size is no power of two from 4 KiB to 16 MiB", 20);

  super.blobs = {record.u64(8), record.u32(16)};
  record.require(super.blobs.offset % 4096 == 0 && super.blobs.offset >= 4096 && super.blobs.offset <= bytes.size(),
                 "the blob table is in a wrong place", 8);
  record.require(super.blobs.size == std::uint64_t{super.device_count} * 256,
                 "the size of the blob table is not that of its devices", 16);
  super.chunks = {record.u64(24), record.u64(32)};
  if (super.chunks.size != 0) {
    record.require(super.chunks.offset % 4096 == 0 && super.chunks.offset >= 4096,
                   "the chunk table is in a wrong place", 24);
    record.require(super.chunks.size % 80 == 0, "the size of the chunk table is no multiple of 80", 32);
  }
  super.prefetch = {record.u64(40), record.u32(48)};
  if (super.prefetch.offset == 0) super.prefetch.size = 0;
  if (super.prefetch.size != 0) {
    record.require(super.prefetch.offset % 8 == 0 && super.prefetch.offset >= 4096,
                   "the prefetch table is in a wrong place", 40);
    record.require(super.prefetch.size % 4 == 0, "the size of the prefetch table is no multiple of 4", 48);
  }
  // Offsets are known to be inside the file before sums of them are compared.
  static_cast<void>(bytes.at(super.blobs.offset, super.blobs.size, "the blob table"));
  if (super.chunks.size != 0) static_cast<void>(bytes.at(super.chunks.offset, super.chunks.size, "the chunk table"));
  if (super.prefetch.size != 0) {
    static_cast<void>(bytes.at(super.prefetch.offset, super.prefetch.size, "the prefetch table"));
  }
  const V6Super::Table devices{kDeviceOffset, super.device_count * kDeviceSize};
  const std::array tables{devices, super.blobs, super.chunks, super.prefetch};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) record.require(!overlap(tables[i], tables[j]), "tables overlap", 8);
  }
}

}  // namespace

bool V6Super::tarfs() const noexcept { return (flags & flag::kTarfs) != 0; }
bool V6Super::explicit_ids() const noexcept { return (flags & flag::kExplicitIds) != 0; }
bool V6Super::has_xattrs() const noexcept { return (flags & flag::kXattr) != 0; }

V6Super read_v6_super(const BootstrapBytes& bytes) {
  if (bytes.size() < kMinFileSize) {
    BootstrapBytes::fail("it has " + std::to_string(bytes.size()) + " bytes, at least 8192 are needed", 0);
  }
  V6Super super;
  read_erofs_super(bytes, super);
  read_extended_super(bytes, super);
  return super;
}

std::vector<std::uint32_t> read_v6_prefetch(const BootstrapBytes& bytes, const V6Super& super) {
  std::vector<std::uint32_t> nids;
  const ByteView table = super.prefetch.size == 0
                             ? ByteView()
                             : bytes.at(super.prefetch.offset, super.prefetch.size, "the prefetch table");
  for (std::size_t at = 0; at + 4 <= table.size(); at += 4) {
    const auto nid = load_le<std::uint32_t>(table.data() + at);
    if (nid == 0) break;
    nids.push_back(nid);
  }
  return nids;
}

}  // namespace accel::formats::nydus
