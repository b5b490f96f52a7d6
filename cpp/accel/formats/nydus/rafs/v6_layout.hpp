/// Where things are in a RAFS v6 bootstrap, an EROFS image with tables of its own. Offsets in bytes, integers
/// little-endian. Spec: rafs-v6.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/formats/nydus/layout.hpp"

namespace accel::formats::nydus::v6 {

inline constexpr std::uint32_t kBlockBits = 12;
static_assert(kBlockSize == 1U << kBlockBits);

// EROFS superblock (3).
inline constexpr std::size_t kSuperblock = 1024;
inline constexpr std::size_t kSuperblockSize = 128;
inline constexpr std::uint32_t kMagic = 0xE0F5E1E2;
inline constexpr std::uint32_t kCompatibleRafs = 0x40000000;
inline constexpr std::uint32_t kIncompatible = 0xC;  ///< chunked files, device table; nothing else loads
namespace superblock {
inline constexpr std::size_t kMagic = 0, kChecksum = 4, kCompatible = 8, kBlockBits = 12, kExtraSlots = 13;
inline constexpr std::size_t kRootNid = 14, kInodes = 16, kBuildTime = 24, kBuildTimeNanoseconds = 32, kBlocks = 36;
inline constexpr std::size_t kMetaBlock = 40, kXattrBlock = 44, kIncompatible = 80, kUnion = 84;
inline constexpr std::size_t kExtraDevices = 86, kDeviceSlot = 88;
}  // namespace superblock

// RAFS superblock behind it (4).
inline constexpr std::size_t kExtended = kSuperblock + kSuperblockSize;
inline constexpr std::size_t kExtendedSize = 256;
namespace extended {
inline constexpr std::size_t kFlags = 0, kBlobTable = 8, kBlobTableSize = 16, kChunkSize = 20, kChunkTable = 24;
inline constexpr std::size_t kChunkTableSize = 32, kPrefetchTable = 40, kPrefetchTableSize = 48;
}  // namespace extended

// Device slots (5).
inline constexpr std::size_t kDevices = kExtended + kExtendedSize;
inline constexpr std::size_t kDeviceSize = 128;
inline constexpr std::uint16_t kDeviceSlot = 11;
static_assert(kDevices == kDeviceSlot * kDeviceSize);
namespace device {
inline constexpr std::size_t kId = 0, kBlocks = 64, kMappedBlock = 68;
}  // namespace device
inline constexpr std::uint64_t kDeviceAlignment = 0x80000;  ///< of blobs in one flat device
inline constexpr std::size_t kBlobIdSize = 64;

// Blob table (12).
inline constexpr std::size_t kBlobSize = 256;
namespace blob {
inline constexpr std::size_t kId = 0, kIndex = 64, kChunkSize = 68, kChunkCount = 72, kCompressor = 76, kDigester = 80;
inline constexpr std::size_t kFeatures = 84, kCompressedSize = 88, kUncompressedSize = 96, kTocSize = 104;
inline constexpr std::size_t kCiCompressor = 108, kCiOffset = 112, kCiCompressedSize = 120, kCiUncompressedSize = 128;
inline constexpr std::size_t kTocDigest = 136, kMetaDigest = 168, kMetaSize = 200, kIvTail = 208, kCipher = 216;
/// Encrypted blobs keep the key where others have the digest, and half of the IV where others have the size.
inline constexpr std::size_t kKey = kMetaDigest, kIvHead = kMetaSize, kIvHalf = 8;
inline constexpr std::uint32_t kAes128Xts = 1;
}  // namespace blob
inline constexpr std::uint64_t kMaxCompressedSize = 1ULL << 40U;
inline constexpr std::uint64_t kMaxUncompressedSize = 1ULL << 44U;

// Inodes (7). A nid is the offset from the metadata base in units of 32.
inline constexpr std::size_t kNidUnit = 32;
inline constexpr std::uint64_t kFirstInode = 4096;  ///< logical offset of the root; its nid is never 0
inline constexpr std::size_t kCompactInodeSize = 32;
inline constexpr std::size_t kInodeSize = 64;  ///< of the extended kind, which is the only one written
namespace inode {
inline constexpr std::size_t kFormat = 0, kXattrCount = 2, kMode = 4, kSize = 8, kUnion = 16, kNumber = 20, kUid = 24;
inline constexpr std::size_t kGid = 28, kMtime = 32, kMtimeNanoseconds = 40, kLinks = 44, kReserved = 48;
/// The first reserved byte of an extended directory inode: 1 in a layer's bootstrap when no entry of the layer was
/// about the directory, so that `merge` keeps the lower layer's attributes (corrections.md 10). Ours; the kernel and
/// nydusd do not look at these bytes. Cleared in merged bootstraps.
inline constexpr std::size_t kImplicit = kReserved;
}  // namespace inode
inline constexpr std::uint16_t kExtendedBit = 1;
enum class DataLayout : std::uint16_t { plain = 0, inline_tail = 2, chunked = 4 };  ///< in bits 1–3 of the format

// Directories (8).
inline constexpr std::size_t kDirentSize = 12;
namespace dirent {
inline constexpr std::size_t kNid = 0, kNameOffset = 8, kFileType = 10;
}  // namespace dirent
enum class FileType : std::uint8_t { unknown, regular, directory, character, block, fifo, socket, symlink };

// Chunk indexes of regular files (9).
inline constexpr std::size_t kChunkIndexSize = 8;
inline constexpr std::uint32_t kChunkIndexes = 0x20;  ///< in the chunk format word: 8-byte entries
inline constexpr std::uint32_t kChunkBitsMask = 0x1F;

// Attributes (11).
inline constexpr std::size_t kXattrHeaderSize = 12;
inline constexpr std::size_t kXattrEntrySize = 4;
/// The count field is 16 bits wide, in units of 4.
inline constexpr std::size_t kMaxXattrSize = kXattrHeaderSize + (0xFFFFU - 1) * 4;

inline constexpr std::size_t kMaxSymlink = 4096;  ///< nydusd returns no more (10)

}  // namespace accel::formats::nydus::v6
