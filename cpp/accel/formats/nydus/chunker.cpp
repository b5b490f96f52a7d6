#include "accel/formats/nydus/chunker.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/hash/crc32c.hpp"

namespace accel::formats::nydus {

namespace {

/// The last index is not used (nydus-blob.md 0).
constexpr std::uint32_t kMaxOwnChunks = kMaxChunksPerBlob - 1;

}  // namespace

Chunker::Chunker(const NativeSettings& settings, std::optional<BlobKey> key, Rafs& rafs, BlobWriter& blob,
                 const EncodeContext& context)
    : settings_(settings),
      encrypted_(key.has_value()),
      rafs_(rafs),
      index_(rafs.chunks),
      plan_(settings.batch_size),
      dictionary_blobs_(settings.dictionary ? settings.dictionary->blobs().size() : 0),
      frames_(settings.frame_encoders ? context.frames : nullptr),
      pipeline_({settings.encoders, key, settings.frame_encoders, frames_}, blob, context) {
  if (frames_) frames_->join(settings.level);
}

void Chunker::begin_file(std::uint64_t size, std::uint64_t header_offset) {
  header_offset_ = header_offset;
  file_size_ = size;
  file_left_ = size;
  one_chunk_ = size <= settings_.chunk_size;
  file_chunk_count_ = 0;
}

void Chunker::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (chunk_left_ == 0) {
      chunk_left_ = static_cast<std::size_t>(std::min<std::uint64_t>(file_left_, settings_.chunk_size));
      file_left_ -= chunk_left_;
      pipeline_.begin_chunk(chunk_left_, plan_.open());
    }
    const ByteView piece = bytes.first(std::min(bytes.size(), chunk_left_));
    pipeline_.append(piece);
    bytes = bytes.subspan(piece.size());
    chunk_left_ -= piece.size();
    if (chunk_left_ == 0) end_chunk();
  }
}

/// Decides at once, so that a chunk that exists is never compressed.
void Chunker::end_chunk() {
  const ByteView chunk = pipeline_.chunk();
  const auto size = static_cast<std::uint32_t>(chunk.size());
  const RawDigest digest = raw_digest(settings_.digester, chunk);
  std::optional<std::uint32_t> number = index_.find(digest, size);
  const Chunk* const known = number || !settings_.dictionary ? nullptr : settings_.dictionary->find(digest, size);
  const std::optional<FrameKey> frame = frame_key(size);
  if (number || known != nullptr) {
    pipeline_.drop_chunk();
    if (frame) frames_->pass(*frame);
    if (known != nullptr) number = use_dictionary(*known);
  } else {
    number = store_chunk(digest, chunk, frame);
  }
  rafs_.file_chunks.push_back(*number);
  ++file_chunk_count_;
}

/// What other encoders call the chunk that is complete, when they compress it alike.
std::optional<FrameKey> Chunker::frame_key(std::size_t chunk_size) const {
  if (!frames_ || chunk_size < SharedFrames::kMinFrameBytes || !frames_->has_several(settings_.level)) {
    return std::nullopt;
  }
  return FrameKey{header_offset_, file_size_ - file_left_ - chunk_size, chunk_size, settings_.level};
}

std::uint32_t Chunker::store_chunk(const RawDigest& digest, ByteView bytes, const std::optional<FrameKey>& frame) {
  Chunk chunk;
  chunk.digest = digest;
  chunk.uncompressed_size = static_cast<std::uint32_t>(bytes.size());
  chunk.crc32c = hash::crc32c(bytes);
  chunk.flags = chunk_flag::kHasCrc | (encrypted_ ? chunk_flag::kEncrypted : 0U);
  chunk.index = own_chunks_;
  chunk.uncompressed_offset = uncompressed_end_;
  uncompressed_end_ += aligned() ? round_up(bytes.size()) : bytes.size();
  if (++own_chunks_ > kMaxOwnChunks || uncompressed_end_ > kMaxUncompressedOffset) {
    throw UnsupportedError(
        "the layer has more chunks than fit into a nydus blob: " + std::to_string(kMaxOwnChunks) + " chunks, 16 TiB",
        "use a larger fs_chunk_size");
  }
  if (!own_blob_) {
    own_blob_ = static_cast<std::uint32_t>(rafs_.blobs.size());
    rafs_.blobs.push_back({.id = kOwnBlobId, .compressor = settings_.compressor, .digester = settings_.digester});
  }
  chunk.blob = *own_blob_;
  const BatchPlan::Place place = plan_.place(chunk.uncompressed_size, one_chunk_);
  if (settings_.batch_size > 0) places_.push_back(place);
  pipeline_.keep_chunk(place.joins(), frame);
  rafs_.chunks.push_back(chunk);
  index_.add_last();
  return static_cast<std::uint32_t>(rafs_.chunks.size() - 1);
}

std::uint32_t Chunker::use_dictionary(const Chunk& known) {
  std::optional<std::uint32_t>& blob = dictionary_blobs_[known.blob];
  if (!blob) {
    blob = static_cast<std::uint32_t>(rafs_.blobs.size());
    rafs_.blobs.push_back(settings_.dictionary->blobs()[known.blob]);
    rafs_.blobs.back().features &= ~feature::kInlinedFsMeta;
  }
  Chunk chunk = known;
  chunk.blob = *blob;
  rafs_.chunks.push_back(chunk);
  index_.add_last();
  return static_cast<std::uint32_t>(rafs_.chunks.size() - 1);
}

/// gzip needs v2 as well: readers take a blob with gzip and v1 for a legacy eStargz layer (nydus-blob.md 12.3).
bool Chunker::uses_v2() const noexcept {
  return settings_.batch_size > 0 || encrypted_ || settings_.compressor == Compressor::gzip;
}

std::uint32_t Chunker::features() const noexcept {
  std::uint32_t bits = feature::kInlinedFsMeta | feature::kHasTarHeader | feature::kCapTarToc;
  if (settings_.version == FsVersion::v5) return bits;
  bits |= feature::kAligned | feature::kHasToc | feature::kInlinedChunkDigest;
  if (uses_v2()) bits |= feature::kChunkInfoV2;
  if (settings_.batch_size > 0) bits |= feature::kBatch;
  if (encrypted_) bits |= feature::kEncrypted;
  return bits;
}

std::optional<std::uint32_t> Chunker::finish() {
  items_ = pipeline_.finish();
  if (!own_blob_) return std::nullopt;
  // Own chunks are in the order of their items, between those of the dictionary.
  std::size_t next_item = 0;
  std::size_t next_place = 0;
  for (Chunk& chunk : rafs_.chunks) {
    if (chunk.blob != *own_blob_) continue;
    const BatchPlan::Place place = places_.empty() ? BatchPlan::Place{} : places_[next_place++];
    if (!place.joins()) ++next_item;
    if (place.batched()) continue;  // only the index of the blob knows where it is (nydus-blob.md 6)
    const StoredItem& item = items_[next_item - 1];
    chunk.compressed_offset = item.offset;
    chunk.compressed_size = item.size;
    if (item.compressed) chunk.flags |= chunk_flag::kCompressed;
  }
  Blob& blob = rafs_.blobs[*own_blob_];
  blob.features = features();
  blob.chunk_count = own_chunks_;
  blob.uncompressed_size = uncompressed_end_;
  return own_blob_;
}

ChunkInfo Chunker::info_of(const Chunk& chunk, BatchPlan::Place place, const StoredItem& item) const {
  ChunkInfo info;
  info.uncompressed_offset = chunk.uncompressed_offset;
  info.uncompressed_size = chunk.uncompressed_size;
  info.compressed_offset = item.offset;
  if (encrypted_) info.flags |= info_flag::kEncrypted;
  if (place.batched()) {
    info.flags |= info_flag::kCompressed | info_flag::kBatch;
    info.data = std::uint64_t{place.batch} << 32U | place.offset;
    return info;
  }
  info.compressed_size = item.size;
  if (item.compressed) info.flags |= info_flag::kCompressed;
  // Readers refuse a CRC of 0 here, so the one chunk in 2^32 that has it goes without (nydus-blob.md 5.4).
  if (chunk.crc32c != 0) info.flags |= info_flag::kHasCrc;
  info.data = chunk.crc32c;
  return info;
}

PlainCi Chunker::make_ci() const {
  PlainCi ci;
  ci.chunks = own_chunks_;
  // Tools that take the CI out of a blob by its TOC decode zstd alone (nydus-blob.md 4.3); gzip a TOC cannot even name.
  if (settings_.compressor == Compressor::none) ci.compressor = Compressor::none;
  const bool v2 = uses_v2();
  ci.bytes.reserve(own_chunks_ * (v2 ? kChunkInfoV2Size : kChunkInfoV1Size));
  Buffer contexts;
  std::size_t next_item = 0;
  std::size_t next_place = 0;
  for (const Chunk& chunk : rafs_.chunks) {
    if (chunk.blob != *own_blob_) continue;
    const BatchPlan::Place place = places_.empty() ? BatchPlan::Place{} : places_[next_place++];
    if (!place.joins()) ++next_item;
    const StoredItem& item = items_[next_item - 1];
    if (place.batched() && !place.joins()) append_batch_context(item.size, item.uncompressed_size, contexts);
    const ChunkInfo info = info_of(chunk, place, item);
    v2 ? append_chunk_info_v2(info, ci.bytes) : append_chunk_info_v1(info, ci.bytes);
  }
  if (settings_.batch_size == 0) return ci;
  ci.contexts = {ci.bytes.size(), contexts.size(), static_cast<std::uint32_t>(contexts.size() / kBatchContextSize)};
  ci.bytes.append(contexts.view());
  return ci;
}

Buffer Chunker::make_digests() const {
  Buffer digests(own_chunks_ * sizeof(RawDigest));
  for (const Chunk& chunk : rafs_.chunks) {
    if (chunk.blob == *own_blob_) digests.append(chunk.digest);
  }
  return digests;
}

}  // namespace accel::formats::nydus
