// Chunk information of a blob: whatever is accepted leads nowhere outside of the blob, its batches and its slices.
//
//     u32 features · u64 compressed size · u64 uncompressed size · u32 contexts · u16 chunks · chunk information
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/io/memory.hpp"

namespace {

using namespace accel;
using namespace accel::formats::nydus;

constexpr std::size_t kHead = 4 + 8 + 8 + 4 + 2;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A header that agrees with everything else, so that the chunks are what is tried.
Bytes header_for(const Blob& blob, std::uint32_t contexts, std::uint64_t chunks_size) {
  Bytes header(kCiHeaderSize);
  const auto put32 = [&](std::size_t at, std::uint32_t value) { store_le(header.data() + at, value); };
  const auto put64 = [&](std::size_t at, std::uint64_t value) { store_le(header.data() + at, value); };
  put32(0, 0xB10BB10B), put32(4092, 0xB10BB10B), put32(4, blob.features), put32(12, blob.chunk_count);
  put64(16, blob.ci_offset), put64(24, blob.ci_compressed_size), put64(32, blob.ci_uncompressed_size);
  if ((blob.features & (feature::kZran | feature::kBatch)) != 0) {
    put64(40, chunks_size), put64(48, blob.ci_uncompressed_size - std::min(chunks_size, blob.ci_uncompressed_size));
    put32(56, contexts);
  }
  return header;
}

void use(const BlobMeta& meta, const Blob& blob) {
  std::uint64_t next = 0;
  for (std::uint32_t i = 0; i < meta.chunk_count(); ++i) {
    const ChunkPlace place = meta.place(i);
    require(place.uncompressed_size > 0 && place.uncompressed_offset >= next);
    next = place.uncompressed_offset + place.uncompressed_size;
    if (place.unit == ChunkPlace::Unit::own) {
      require(place.compressed_offset + place.compressed_size <= std::max(blob.compressed_size, blob.ci_offset));
      continue;
    }
    require(place.unit_index < meta.unit_count());
    if (place.unit == ChunkPlace::Unit::batch) {
      require(std::uint64_t{place.unit_offset} + place.uncompressed_size <=
              meta.batch(place.unit_index).uncompressed_size);
    } else {
      const SliceContext slice = meta.slice(place.unit_index);
      require(std::uint64_t{place.unit_offset} + place.uncompressed_size <= slice.out_size);
      require(slice.in_offset + slice.in_size <= blob.compressed_size && slice.window.size() <= 32768);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  const auto* const bytes = reinterpret_cast<const std::byte*>(data);
  const ByteView ci(bytes + kHead, size - kHead);
  Blob blob;
  // Decryption would turn everything into noise, and plain tars have no chunk information.
  blob.features = load_le<std::uint32_t>(bytes) & ~(feature::kEncrypted | feature::kTarfs);
  blob.compressed_size = load_le<std::uint64_t>(bytes + 4);
  blob.uncompressed_size = load_le<std::uint64_t>(bytes + 12) & 0xFFFFFFFFFFFU;
  const auto contexts = load_le<std::uint32_t>(bytes + 20);
  blob.chunk_count = load_le<std::uint16_t>(bytes + 24);
  blob.ci_offset = 1U << 16U;
  blob.ci_compressed_size = blob.ci_uncompressed_size = ci.size();
  const bool v2 = (blob.features & feature::kChunkInfoV2) != 0;
  const Bytes header = header_for(blob, contexts, std::uint64_t{blob.chunk_count} * (v2 ? 24U : 16U));
  Bytes file(static_cast<std::size_t>(blob.ci_offset));
  file.insert(file.end(), ci.begin(), ci.end());
  file.insert(file.end(), header.begin(), header.end());
  io::MemorySource source(std::move(file));
  try {
    use(BlobMeta::read(blob, source, {1U << 20U, 1100, 1U << 20U}), blob);
  } catch (const FormatError&) {
  }
  return 0;
}
