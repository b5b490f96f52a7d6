/// Numbers of the formats on disk that several files of this folder need: codes, feature bits, limits.
/// Spec: nydus-blob.md 0 and 9, rafs-v6.md 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace accel::formats::nydus {

enum class FsVersion : std::uint8_t { v5 = 5, v6 = 6 };

/// Compression of chunks, of the chunk information (CI) and, as a flag, of the whole image.
enum class Compressor : std::uint32_t { none = 0, lz4_block = 1, gzip = 2, zstd = 3 };

/// What chunk digests are.
enum class Digester : std::uint32_t { blake3 = 0, sha256 = 1 };

inline constexpr std::uint32_t kMinChunkSize = 0x1000;
inline constexpr std::uint32_t kMaxChunkSize = 0x1000000;
inline constexpr std::uint32_t kDefaultChunkSize = 0x100000;
inline constexpr std::uint32_t kBlockSize = 4096;
/// Readers take no more chunks in one blob, and no more blobs in one bootstrap.
inline constexpr std::uint32_t kMaxChunksPerBlob = 1U << 24U;
inline constexpr std::uint32_t kMaxBlobs = 254;

/// The least multiple of `alignment` that is not below `value`.
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t alignment = kBlockSize) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Bits of Blob::features and of the CI header.
namespace feature {
inline constexpr std::uint32_t kAligned = 0x1;
inline constexpr std::uint32_t kInlinedFsMeta = 0x2;
inline constexpr std::uint32_t kChunkInfoV2 = 0x4;
inline constexpr std::uint32_t kZran = 0x8;
inline constexpr std::uint32_t kSeparate = 0x10;  ///< chunk data is in an OCI layer, the rest in the RAFS blob
inline constexpr std::uint32_t kInlinedChunkDigest = 0x20;
inline constexpr std::uint32_t kTarfs = 0x40;
inline constexpr std::uint32_t kBatch = 0x80;
inline constexpr std::uint32_t kEncrypted = 0x100;
inline constexpr std::uint32_t kHasTarHeader = 0x10000000;
inline constexpr std::uint32_t kHasToc = 0x20000000;
inline constexpr std::uint32_t kCapTarToc = 0x40000000;
/// A set bit of the first mask outside the second must be refused; other unknown bits are ignored.
inline constexpr std::uint32_t kIncompatibleMask = 0xFFFF;
inline constexpr std::uint32_t kKnown = 0xFFF;
}  // namespace feature

/// Bits of Chunk::flags.
namespace chunk_flag {
inline constexpr std::uint32_t kCompressed = 0x1;
inline constexpr std::uint32_t kHole = 0x2;
inline constexpr std::uint32_t kEncrypted = 0x4;
inline constexpr std::uint32_t kBatch = 0x8;
inline constexpr std::uint32_t kHasCrc = 0x10;
}  // namespace chunk_flag

/// Names of the sections of a RAFS blob, as in its tar headers and its TOC.
namespace section {
inline constexpr std::string_view kData = "image.blob";
inline constexpr std::string_view kMeta = "blob.meta";
inline constexpr std::string_view kMetaHeader = "blob.meta.header";
inline constexpr std::string_view kDigests = "blob.digest";
inline constexpr std::string_view kBootstrap = "image.boot";
inline constexpr std::string_view kToc = "rafs.blob.toc";
}  // namespace section

/// Media type and annotations of layers. Spec: nydus-blob.md 16.2, 16.3, service.md 5.
inline constexpr std::string_view kBlobMediaType = "application/vnd.oci.image.layer.nydus.blob.v1";
inline constexpr std::string_view kBlobAnnotation = "containerd.io/snapshot/nydus-blob";
inline constexpr std::string_view kRefAnnotation = "containerd.io/snapshot/nydus-ref";
inline constexpr std::string_view kEncryptedAnnotation = "containerd.io/snapshot/nydus-encrypted-blob";
inline constexpr std::string_view kBootstrapAnnotation = "containerd.io/snapshot/nydus-bootstrap";
inline constexpr std::string_view kFsVersionAnnotation = "containerd.io/snapshot/nydus-fs-version";

/// On manifests: what they were made of, and by what.
inline constexpr std::string_view kSourceDigestAnnotation = "containerd.io/snapshot/nydus-source-digest";
inline constexpr std::string_view kSourceReferenceAnnotation = "containerd.io/snapshot/nydus-source-reference";
inline constexpr std::string_view kBuilderVersionAnnotation = "containerd.io/snapshot/nydus-builder-version";

}  // namespace accel::formats::nydus
