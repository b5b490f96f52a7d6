/// The chunk information of a blob (CI) and its header, together "blob.meta". Spec: nydus-blob.md 8.
#pragma once

#include <array>
#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/layout.hpp"

namespace accel::formats::nydus {

inline constexpr std::uint32_t kMetaMagic = 0xB10BB10B;
inline constexpr std::size_t kMetaHeaderSize = 4096;
inline constexpr std::size_t kChunkInfoV1Size = 16;
inline constexpr std::size_t kChunkInfoV2Size = 24;
inline constexpr std::size_t kBatchContextSize = 40;

/// Bits of ChunkInfo::flags; v2 only. Spec: nydus-blob.md 8.4.
namespace info_flag {
inline constexpr std::uint8_t kCompressed = 0x01;
inline constexpr std::uint8_t kZran = 0x02;
inline constexpr std::uint8_t kBatch = 0x04;
inline constexpr std::uint8_t kEncrypted = 0x08;
inline constexpr std::uint8_t kHasCrc = 0x10;
}  // namespace info_flag

struct ChunkInfo {
  std::uint64_t uncompressed_offset = 0;  ///< a multiple of 4096
  std::uint32_t uncompressed_size = 0;    ///< 1 to 2^24
  std::uint64_t compressed_offset = 0;
  std::uint32_t compressed_size = 0;
  std::uint8_t flags = 0;
  /// v2: zran and batch: (context index << 32) | offset in what the context decodes to; with kHasCrc: the CRC-32C.
  std::uint64_t data = 0;
};

/// Appends an entry. Offsets and sizes are within the limits of the format (kMaxCompressedOffset and so on).
void append_chunk_info_v1(const ChunkInfo& info, Buffer& out);
void append_chunk_info_v2(const ChunkInfo& info, Buffer& out);

/// Beyond these a chunk info cannot say where a chunk is.
inline constexpr std::uint64_t kMaxCompressedOffset = 1ULL << 40U;
inline constexpr std::uint64_t kMaxUncompressedOffset = 1ULL << 44U;

/// One entry of the table of batches. Spec: nydus-blob.md 6.
void append_batch_context(std::uint32_t compressed_size, std::uint32_t uncompressed_size, Buffer& out);

/// The contexts in a CI, of slices or of batches, and for slices their dictionaries.
struct ContextTable {
  std::uint64_t offset = 0, size = 0;  ///< in the CI
  std::uint32_t count = 0;
};

/// Spec: nydus-blob.md 8.2.
struct MetaHeader {
  std::uint32_t features = 0;
  Compressor ci_compressor = Compressor::none;
  std::uint32_t chunks = 0;
  std::uint64_t ci_offset = 0;           ///< in the RAFS blob
  std::uint64_t ci_compressed_size = 0;  ///< as stored
  std::uint64_t ci_uncompressed_size = 0;
  ContextTable contexts;
};

std::array<std::byte, kMetaHeaderSize> encode(const MetaHeader& header);

}  // namespace accel::formats::nydus
