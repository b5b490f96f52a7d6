/// Where things are in a RAFS v5 bootstrap, and what v6 shares with it: superblock flags and chunk entries. Offsets in
/// bytes, integers little-endian. Spec: rafs-v5.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/formats/nydus/layout.hpp"

namespace accel::formats::nydus {

/// Flags of the superblock; v6 has them in its extended superblock (rafs-v6.md 4). Readers refuse bits they do not
/// know.
namespace super_flag {
inline constexpr std::uint64_t kCompressorNone = 0x1, kCompressorLz4 = 0x2, kCompressorGzip = 0x40;
inline constexpr std::uint64_t kCompressorZstd = 0x80;
inline constexpr std::uint64_t kDigestBlake3 = 0x4, kDigestSha256 = 0x8;
inline constexpr std::uint64_t kExplicitIds = 0x10, kHasXattr = 0x20;
inline constexpr std::uint64_t kInlinedChunkDigest = 0x100, kTarfs = 0x200;                // v6 only
inline constexpr std::uint64_t kEncryptionNone = 0x01000000, kEncryptionAes = 0x02000000;  // v6 only
inline constexpr std::uint64_t kReserved = 0xFC000000;  ///< accepted by readers, never written
}  // namespace super_flag

/// One chunk: in a v5 file's record and in v6's chunk table (rafs-v5.md 12, rafs-v6.md 13).
inline constexpr std::size_t kChunkEntrySize = 80;
namespace chunk_entry {
inline constexpr std::size_t kDigest = 0, kBlob = 32, kFlags = 36, kCompressedSize = 40, kUncompressedSize = 44;
inline constexpr std::size_t kCompressedOffset = 48, kUncompressedOffset = 56, kFileOffset = 64, kIndex = 72, kCrc = 76;
}  // namespace chunk_entry

namespace v5 {

inline constexpr std::size_t kAlignment = 8;  ///< of every table and record
inline constexpr std::uint64_t kMaxFileSize = 0x80000000;
inline constexpr std::uint32_t kMaxOffset = 1U << 29U;  ///< of a record, in units of 8, exclusive

// Superblock (3).
inline constexpr std::size_t kSuperblockSize = 8192;
inline constexpr std::uint32_t kMagic = 0x52414653;
inline constexpr std::uint32_t kVersion = 0x500;
namespace superblock {
inline constexpr std::size_t kMagic = 0, kVersion = 4, kSize = 8, kBlockSize = 12, kFlags = 16, kInodes = 24;
inline constexpr std::size_t kInodeTable = 32, kPrefetchTable = 40, kBlobTable = 48, kInodeEntries = 56;
inline constexpr std::size_t kPrefetchEntries = 60, kBlobTableSize = 64, kBlobEntries = 68, kExtendedBlobTable = 72;
}  // namespace superblock

// Extended blob table (7).
inline constexpr std::size_t kExtendedBlobSize = 64;
namespace extended_blob {
inline constexpr std::size_t kChunkCount = 0, kFeatures = 4, kUncompressedSize = 8, kCompressedSize = 16;
}  // namespace extended_blob

// Blob table (6): two numbers in front of each id.
inline constexpr std::size_t kBlobNumbersSize = 8;

// Inode records (8).
inline constexpr std::size_t kInodeSize = 128;
namespace inode {
inline constexpr std::size_t kDigest = 0, kParent = 32, kNumber = 40, kUid = 48, kGid = 52, kProject = 56, kMode = 60;
inline constexpr std::size_t kSize = 64, kBlocks = 72, kFlags = 80, kLinks = 88, kChildIndex = 92, kChildCount = 96;
inline constexpr std::size_t kNameSize = 100, kSymlinkSize = 102, kDevice = 104, kMtimeNanoseconds = 108, kMtime = 112;
inline constexpr std::size_t kReserved = 120;
/// The first reserved byte of a directory: see v6::inode::kImplicit. nydusd does not look at these bytes.
inline constexpr std::size_t kImplicit = kReserved;
}  // namespace inode
namespace inode_flag {
inline constexpr std::uint64_t kSymlink = 0x1, kHardlink = 0x2, kXattr = 0x4, kHoles = 0x8;
}  // namespace inode_flag
inline constexpr std::size_t kXattrTableHeaderSize = 8;
inline constexpr std::size_t kMaxSymlink = 65535;

}  // namespace v5
}  // namespace accel::formats::nydus
