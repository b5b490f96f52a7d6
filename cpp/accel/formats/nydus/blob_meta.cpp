#include "accel/formats/nydus/blob_meta.hpp"

#include "accel/base/endian.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kLow20 = (1ULL << 20U) - 1;
constexpr std::uint64_t kSectionBits = 12;  // offsets are multiples of 4096

std::byte* extend(Buffer& out, std::size_t size) {
  out.resize(out.size() + size);
  return out.data() + out.size() - size;
}

/// A size less one in 24 bits: the low 20 in bits 44–63, the high 4 in bits `high`.
std::uint64_t split_size(std::uint32_t size, unsigned high) {
  const std::uint64_t less_one = size - 1U;
  return (less_one & kLow20) << 44U | (less_one >> 20U & 0xFU) << high;
}

}  // namespace

void append_chunk_info_v1(const ChunkInfo& info, Buffer& out) {
  std::byte* const at = extend(out, kChunkInfoV1Size);
  store_le<std::uint64_t>(at, info.uncompressed_offset | split_size(info.uncompressed_size, 8));
  store_le<std::uint64_t>(at + 8, info.compressed_offset | split_size(info.compressed_size, 40));
}

void append_chunk_info_v2(const ChunkInfo& info, Buffer& out) {
  std::byte* const at = extend(out, kChunkInfoV2Size);
  store_le<std::uint64_t>(at, info.uncompressed_offset >> kSectionBits |
                                  (std::uint64_t{info.uncompressed_size} - 1) << 32U |
                                  std::uint64_t{info.flags} << 56U);
  store_le<std::uint64_t>(at + 8, info.compressed_offset | std::uint64_t{info.compressed_size} << 40U);
  store_le<std::uint64_t>(at + 16, info.data);
}

void append_batch_context(std::uint32_t compressed_size, std::uint32_t uncompressed_size, Buffer& out) {
  out.append_zeros(kBatchContextSize);
  std::byte* const at = out.data() + out.size() - kBatchContextSize;
  store_le(at, compressed_size);
  store_le(at + 4, uncompressed_size);
}

std::array<std::byte, kMetaHeaderSize> encode(const MetaHeader& header) {
  std::array<std::byte, kMetaHeaderSize> bytes{};
  store_le(bytes.data(), kMetaMagic);
  store_le(bytes.data() + 4, header.features);
  store_le(bytes.data() + 8, static_cast<std::uint32_t>(header.ci_compressor));
  store_le(bytes.data() + 12, header.chunks);
  store_le(bytes.data() + 16, header.ci_offset);
  store_le(bytes.data() + 24, header.ci_compressed_size);
  store_le(bytes.data() + 32, header.ci_uncompressed_size);
  store_le(bytes.data() + 40, header.contexts.offset);
  store_le(bytes.data() + 48, header.contexts.size);
  store_le(bytes.data() + 56, header.contexts.count);
  store_le(bytes.data() + kMetaHeaderSize - 4, kMetaMagic);
  return bytes;
}

}  // namespace accel::formats::nydus
