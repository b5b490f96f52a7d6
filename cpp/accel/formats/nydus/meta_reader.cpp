#include "accel/formats/nydus/meta_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/formats/nydus/stored_bytes.hpp"
#include "accel/io/range.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint32_t kMagic = 0xB10BB10B;
constexpr std::size_t kV1Size = 16, kV2Size = 24, kContextSize = 40;
constexpr std::uint32_t kMaxWindow = 32U << 10U;

namespace v2_flag {
constexpr std::uint8_t kCompressed = 0x01, kZran = 0x02, kBatch = 0x04, kEncrypted = 0x08, kCrc = 0x10;
}  // namespace v2_flag

/// `where` is an offset in the uncompressed chunk information, or in its header.
[[noreturn]] void fail(const std::string& what, std::uint64_t where) {
  throw FormatError("read chunk information: " + what, FormatError::Where{.digest = {}, .path = {}, .offset = where},
                    "the blob is damaged or was made by a faulty builder; fetch the image again, or convert it again");
}

bool has(const Blob& blob, std::uint32_t bits) { return (blob.features & bits) != 0; }

Buffer read_range(io::ByteSource& source, std::uint64_t offset, std::uint64_t size, const char* name) {
  io::check_range(offset, size, source.size(), name);
  Buffer bytes;
  bytes.resize(static_cast<std::size_t>(size));
  source.read_at(offset, {bytes.data(), bytes.size()});
  return bytes;
}

Buffer read_ci(const Blob& blob, io::ByteSource& rafs_blob, const MetaLimits& limits) {
  const std::uint64_t size = blob.ci_uncompressed_size;
  const bool bomb = size > limits.ratio_free_bytes && size / limits.max_ratio > blob.ci_compressed_size;
  if (size > limits.max_bytes || blob.ci_compressed_size > limits.max_bytes || bomb) {
    fail("it claims " + std::to_string(size) + " bytes, more than the limits allow", 0);
  }
  Buffer stored = read_range(rafs_blob, blob.ci_offset, blob.ci_compressed_size, "chunk information");
  decrypt_item(blob, stored);
  if (blob.ci_compressor == Compressor::none) {
    if (stored.size() != size) fail("it is not compressed, but has two sizes", 0);
    return stored;
  }
  Buffer ci;
  ci.resize(static_cast<std::size_t>(size));
  decompress_item(blob.ci_compressor, stored.view(), {ci.data(), ci.size()});
  return ci;
}

ChunkPlace parse_v1(const std::byte* bytes) {
  const auto word0 = load_le<std::uint64_t>(bytes);
  const auto word1 = load_le<std::uint64_t>(bytes + 8);
  ChunkPlace place;
  place.uncompressed_offset = word0 & 0xFFFFFFFF000U;
  place.uncompressed_size = static_cast<std::uint32_t>((word0 >> 44U) | (word0 & 0xF00U) << 12U) + 1;
  place.compressed_offset = word1 & 0xFFFFFFFFFFU;
  place.compressed_size = static_cast<std::uint32_t>((word1 >> 44U) | (word1 >> 40U & 0xFU) << 20U) + 1;
  place.compressed = place.compressed_size != place.uncompressed_size;
  return place;
}

ChunkPlace parse_v2(const std::byte* bytes) {
  const auto word0 = load_le<std::uint64_t>(bytes);
  const auto word1 = load_le<std::uint64_t>(bytes + 8);
  ChunkPlace place;
  place.uncompressed_offset = (word0 & 0xFFFFFFFFU) << 12U;
  place.uncompressed_size = static_cast<std::uint32_t>(word0 >> 32U & 0xFFFFFFU) + 1;
  place.compressed_offset = word1 & 0xFFFFFFFFFFU;
  place.compressed_size = static_cast<std::uint32_t>(word1 >> 40U);
  const auto flags = static_cast<std::uint8_t>(word0 >> 56U);
  place.compressed = (flags & v2_flag::kCompressed) != 0;
  place.encrypted = (flags & v2_flag::kEncrypted) != 0;
  if ((flags & (v2_flag::kZran | v2_flag::kBatch)) != 0) {
    place.unit = (flags & v2_flag::kZran) != 0 ? ChunkPlace::Unit::slice : ChunkPlace::Unit::batch;
    place.unit_offset = load_le<std::uint32_t>(bytes + 16);
    place.unit_index = load_le<std::uint32_t>(bytes + 20);
  } else if ((flags & v2_flag::kCrc) != 0) {
    place.crc32c = load_le<std::uint32_t>(bytes + 16);
  }
  return place;
}

}  // namespace

BlobMeta BlobMeta::read(const Blob& blob, io::ByteSource& rafs_blob, const MetaLimits& limits) {
  BlobMeta meta;
  meta.v2_ = has(blob, feature::kChunkInfoV2);
  meta.batches_ = has(blob, feature::kBatch);
  meta.slices_ = has(blob, feature::kZran);
  meta.chunk_count_ = blob.chunk_count;
  if (blob.chunk_count == 0 || blob.chunk_count > kMaxChunksPerBlob) fail("the blob has an impossible chunk count", 0);
  if (blob.ci_offset > UINT64_MAX - blob.ci_compressed_size) fail("it has no end", 0);
  meta.header_ =
      read_range(rafs_blob, blob.ci_offset + blob.ci_compressed_size, kCiHeaderSize, "header of the chunk information");
  decrypt_item(blob, meta.header_);
  meta.check_header(blob);
  const std::byte* const header = meta.header_.data();
  if (meta.batches_ || meta.slices_) {
    meta.units_offset_ = load_le<std::uint64_t>(header + 40);
    meta.unit_count_ = load_le<std::uint32_t>(header + 56);
    meta.windows_offset_ = meta.units_offset_ + std::uint64_t{meta.unit_count_} * kContextSize;
  }
  meta.ci_ = read_ci(blob, rafs_blob, limits);
  meta.check_units(blob);
  meta.check_places(blob);
  return meta;
}

/// Both groups of nydus-blob.md 8.2.
void BlobMeta::check_header(const Blob& blob) const {
  const std::byte* const header = header_.data();
  const auto u32 = [&](std::size_t at) { return load_le<std::uint32_t>(header + at); };
  const auto u64 = [&](std::size_t at) { return load_le<std::uint64_t>(header + at); };
  const auto require = [](bool holds, const char* what, std::uint64_t at) {
    if (!holds) fail(what, at);
  };
  require(u32(0) == kMagic && u32(4092) == kMagic, "its header has no magic, or the key is wrong", 0);
  constexpr std::uint32_t kShape = feature::kAligned | feature::kChunkInfoV2 | feature::kZran | feature::kSeparate |
                                   feature::kBatch | feature::kEncrypted;
  require(((u32(4) ^ blob.features) & kShape) == 0, "its header has other features than the blob table", 4);
  require(u32(8) == static_cast<std::uint32_t>(blob.ci_compressor), "its header has another compressor", 8);
  require(u32(12) == chunk_count_, "its header counts other chunks than the blob table", 12);
  require(u64(16) == blob.ci_offset, "its header has another place than the blob table", 16);
  require(u64(24) == blob.ci_compressed_size, "its header has another size than the blob table", 24);
  require(u64(32) == blob.ci_uncompressed_size, "its header has another uncompressed size than the blob table", 32);

  const std::uint64_t entries = std::uint64_t{chunk_count_} * (v2_ ? kV2Size : kV1Size);
  require(v2_ || !has(blob, feature::kZran | feature::kBatch | feature::kEncrypted), "it must be of version 2", 4);
  require(!batches_ || !slices_, "a blob cannot have batches and slices", 4);
  if (!batches_ && !slices_) {
    require(blob.ci_uncompressed_size == entries, "its size is not that of its chunks", 32);
    return;
  }
  const std::uint64_t offset = u64(40);
  const std::uint64_t size = u64(48);
  const std::uint64_t count = u32(56);
  require(offset == entries, "its contexts do not follow the chunks", 40);
  require(size <= blob.ci_uncompressed_size && offset <= blob.ci_uncompressed_size - size, "its contexts end beyond it",
          48);
  require(count <= chunk_count_, "it has more contexts than chunks", 56);
  require(count * kContextSize <= size, "its contexts are larger than the room for them", 56);
}

BatchContext BlobMeta::batch(std::uint32_t index) const {
  const std::byte* const bytes = ci_.data() + units_offset_ + index * kContextSize;
  return {load_le<std::uint32_t>(bytes), load_le<std::uint32_t>(bytes + 4)};
}

SliceContext BlobMeta::slice(std::uint32_t index) const {
  const std::byte* const bytes = ci_.data() + units_offset_ + index * kContextSize;
  SliceContext slice;
  slice.in_offset = load_le<std::uint64_t>(bytes);
  slice.out_offset = load_le<std::uint64_t>(bytes + 8);
  const auto window = load_le<std::uint64_t>(bytes + 16);
  slice.in_size = load_le<std::uint32_t>(bytes + 24);
  slice.out_size = load_le<std::uint32_t>(bytes + 28);
  const auto window_size = load_le<std::uint32_t>(bytes + 32);
  slice.byte = std::to_integer<std::uint8_t>(bytes[36]);
  slice.bits = std::to_integer<std::uint8_t>(bytes[37]);
  const std::uint64_t room = ci_.size() - windows_offset_;
  if (window_size > kMaxWindow || window > room || window_size > room - window) {
    fail("the window of a slice is not inside", units_offset_ + index * kContextSize + 16);
  }
  slice.window = ci_.view().subspan(static_cast<std::size_t>(windows_offset_ + window), window_size);
  return slice;
}

void BlobMeta::check_units(const Blob& blob) const {
  for (std::uint32_t i = 0; i < unit_count_; ++i) {
    const std::uint64_t where = units_offset_ + i * kContextSize;
    if (batches_) {
      const BatchContext unit = batch(i);
      // Encryption makes what is shorter than one block of the cipher longer (nydus-blob.md 6).
      const bool padded = has(blob, feature::kEncrypted) && unit.compressed_size == 18 && unit.uncompressed_size < 16;
      if (unit.uncompressed_size == 0 || unit.uncompressed_size > kMaxUnitSize || unit.compressed_size == 0 ||
          (unit.compressed_size > unit.uncompressed_size && !padded)) {
        fail("a batch has impossible sizes", where);
      }
      continue;
    }
    const SliceContext unit = slice(i);
    if (unit.out_size == 0 || unit.out_size > kMaxUnitSize || unit.bits > 7)
      fail("a slice has impossible sizes", where);
    if (unit.in_offset > blob.compressed_size || unit.in_size > blob.compressed_size - unit.in_offset) {
      fail("a slice ends beyond its layer", where);
    }
    // What the content needs even when nothing is compressed, many times over: empty blocks are all that can exceed it.
    if (unit.in_size > 4ULL * kMaxUnitSize) fail("a slice has impossible sizes", where);
  }
}

ChunkPlace BlobMeta::place(std::uint32_t chunk) const {
  return v2_ ? parse_v2(ci_.data() + std::size_t{chunk} * kV2Size)
             : parse_v1(ci_.data() + std::size_t{chunk} * kV1Size);
}

void BlobMeta::check_places(const Blob& blob) const {
  std::uint64_t next = 0;  // where the following chunk's content must be
  for (std::uint32_t i = 0; i < chunk_count_; ++i) {
    const std::uint64_t where = std::uint64_t{i} * (v2_ ? kV2Size : kV1Size);
    const ChunkPlace chunk = place(i);
    if (slices_ ? chunk.uncompressed_offset < next : chunk.uncompressed_offset != next) {
      fail("chunk " + std::to_string(i) + " does not follow the one before it", where);
    }
    next = round_up(chunk.uncompressed_offset + chunk.uncompressed_size);
    check_place(chunk, blob, where);
  }
  if (next > round_up(blob.uncompressed_size)) fail("the chunks hold more than the blob is said to", 0);
}

/// Spec: nydus-blob.md 8.4.
void BlobMeta::check_place(const ChunkPlace& chunk, const Blob& blob, std::uint64_t where) const {
  if (chunk.unit == ChunkPlace::Unit::own || chunk.unit == ChunkPlace::Unit::slice) {
    const std::uint64_t end = data_end(blob, FsVersion::v6);
    if (chunk.compressed_offset > end || chunk.compressed_size > end - chunk.compressed_offset) {
      fail("a chunk ends beyond the data", where);
    }
  }
  if (chunk.encrypted != has(blob, feature::kEncrypted)) fail("a chunk and its blob disagree on encryption", where);
  if (chunk.crc32c == 0U) fail("a chunk has a CRC of 0, which readers refuse", where);
  if (chunk.unit == ChunkPlace::Unit::own) {
    if (chunk.compressed_size == 0) fail("a chunk has no stored bytes", where);
    if (!chunk.compressed && !chunk.encrypted && chunk.compressed_size != chunk.uncompressed_size) {
      fail("a chunk that is not compressed has two sizes", where);
    }
    return;
  }
  if (chunk.unit == ChunkPlace::Unit::batch ? !batches_ : !slices_)
    fail("a chunk is of a kind its blob has not", where);
  if (chunk.unit_index >= unit_count_) fail("a chunk is in a batch or slice that does not exist", where);
  std::uint32_t size = 0;
  if (chunk.unit == ChunkPlace::Unit::batch) {
    const BatchContext unit = batch(chunk.unit_index);
    const std::uint64_t end = data_end(blob, FsVersion::v6);
    if (chunk.compressed_offset > end || unit.compressed_size > end - chunk.compressed_offset) {
      fail("a batch ends beyond the data", where);
    }
    size = unit.uncompressed_size;
  } else {
    size = slice(chunk.unit_index).out_size;
  }
  if (chunk.unit_offset > size || chunk.uncompressed_size > size - chunk.unit_offset) {
    fail("a chunk ends beyond its batch or slice", where);
  }
}

}  // namespace accel::formats::nydus
