#include "accel/formats/nydus/chunk_reader.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/codec/inflate_slice.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/formats/nydus/stored_bytes.hpp"
#include "accel/hash/crc32c.hpp"

namespace accel::formats::nydus {

namespace {

bool has(const Blob& blob, std::uint32_t bits) { return (blob.features & bits) != 0; }

std::string name_of(const Blob& blob, std::uint32_t index) {
  return "chunk " + std::to_string(index) + " of blob " + blob.id;
}

[[noreturn]] void fail(const Blob& blob, std::uint32_t index, const std::string& what) {
  throw FormatError("read " + name_of(blob, index) + ": " + what,
                    "the blob is damaged or was made by a faulty builder; fetch the image again, or convert it again");
}

/// A blob whose chunks end somewhere inside what is fetched for them (nydus-blob.md 12.3).
bool is_legacy_stargz(const Blob& blob) {
  return blob.compressor == Compressor::gzip && !has(blob, feature::kChunkInfoV2);
}

void set_size(Buffer& buffer, std::size_t size) {
  buffer.clear();
  buffer.resize(size);
}

}  // namespace

ChunkReader::ChunkReader(const Blob& blob, FsVersion version, std::optional<BlobMeta> meta, Buffer digests,
                         ForwardReader data)
    : blob_(blob), version_(version), meta_(std::move(meta)), digests_(std::move(digests)), data_(std::move(data)) {
  if (meta_) seen_.resize(meta_->chunk_count());
  if (!digests_.empty() && digests_.size() != std::uint64_t{blob_.chunk_count} * sizeof(RawDigest)) {
    throw FormatError("read blob " + blob_.id + ": its array of chunk digests does not have one for every chunk",
                      "the blob is damaged; fetch the image again, or convert it again");
  }
}

ByteView ChunkReader::read(const Chunk& chunk) {
  const ChunkPlace place = place_of(chunk);
  if (meta_) read_to(chunk.index);
  const ByteView content = content_of(place, chunk.index);
  check_crc(content, place, (chunk.flags & chunk_flag::kHasCrc) != 0 ? &chunk : nullptr, chunk.index);
  if (has(blob_, feature::kTarfs)) return content;
  if (!digests_.empty() && listed_digest(chunk.index) != chunk.digest) {
    fail(blob_, chunk.index, "bootstrap and blob have different digests of it");
  }
  check_digest(content, chunk.digest, chunk.index);
  return content;
}

void ChunkReader::read_rest() {
  if (meta_) read_to(meta_->chunk_count());
}

/// Reads what lies before `index` and has not been read, so that the blob is passed once.
void ChunkReader::read_to(std::uint32_t index) {
  if (data_.mode() == ForwardReader::Mode::ranges) return;
  for (; next_ < index; ++next_) {
    if (seen_[next_]) continue;
    const ChunkPlace place = meta_->place(next_);
    const ByteView content = content_of(place, next_);
    check_crc(content, place, nullptr, next_);
    if (!digests_.empty()) check_digest(content, listed_digest(next_), next_);
  }
}

/// Spec: nydus-blob.md 10.4: what the bootstrap says of a chunk is what the chunk information says, as far as it can.
ChunkPlace ChunkReader::place_of(const Chunk& chunk) const {
  if (!meta_) {
    ChunkPlace place;
    place.compressed_offset = chunk.compressed_offset;
    place.uncompressed_offset = chunk.uncompressed_offset;
    place.compressed_size = chunk.compressed_size;
    place.uncompressed_size = chunk.uncompressed_size;
    place.compressed = (chunk.flags & chunk_flag::kCompressed) != 0;
    return place;
  }
  if (chunk.index >= meta_->chunk_count()) fail(blob_, chunk.index, "the blob has no such chunk");
  const ChunkPlace place = meta_->place(chunk.index);
  if (place.uncompressed_size != chunk.uncompressed_size || place.uncompressed_offset != chunk.uncompressed_offset) {
    fail(blob_, chunk.index, "bootstrap and chunk information disagree on its content's place");
  }
  const bool same_stored = place.compressed_offset == chunk.compressed_offset &&
                           place.compressed_size == chunk.compressed_size &&
                           place.compressed == ((chunk.flags & chunk_flag::kCompressed) != 0);
  if (place.unit == ChunkPlace::Unit::own && !same_stored) {
    fail(blob_, chunk.index, "bootstrap and chunk information disagree on its stored bytes");
  }
  return place;
}

ByteView ChunkReader::content_of(const ChunkPlace& place, std::uint32_t index) {
  try {
    const ByteView content = decode(place);
    if (index < seen_.size()) seen_[index] = true;
    return content;
  } catch (FormatError& error) {
    error.add_context("read " + name_of(blob_, index));
    throw;
  }
}

ByteView ChunkReader::decode(const ChunkPlace& place) {
  if (place.unit != ChunkPlace::Unit::own) {
    load_unit(place);
    return unit_content_.view().subspan(place.unit_offset, place.uncompressed_size);
  }
  const ByteView stored = data_.read(place.compressed_offset, place.compressed_size);
  if (!place.encrypted && !place.compressed) return stored;
  ByteView plain = stored;
  if (place.encrypted) {
    stored_.clear();
    stored_.append(stored);
    decrypt_item(blob_, stored_);
    plain = stored_.view();
  }
  if (!place.compressed) {
    if (plain.size() != place.uncompressed_size) throw FormatError("it does not have the size that it should");
    return plain;
  }
  set_size(content_, place.uncompressed_size);
  const MutableByteView out(content_.data(), content_.size());
  if (is_legacy_stargz(blob_)) {
    codec::decode_unit(codec::Compression::gzip, plain, out);
  } else {
    decompress_item(blob_.compressor, plain, out);
  }
  return out;
}

/// Chunks follow each other in their batch or slice, so the one read last is mostly the right one.
void ChunkReader::load_unit(const ChunkPlace& place) {
  if (unit_ == place.unit_index) return;
  unit_.reset();
  if (place.unit == ChunkPlace::Unit::slice) {
    const SliceContext slice = meta_->slice(place.unit_index);
    set_size(unit_content_, slice.out_size);
    const ByteView input = data_.read(slice.in_offset, slice.in_size);
    codec::inflate_slice({input, slice.window, slice.bits, slice.byte}, {unit_content_.data(), unit_content_.size()});
  } else {
    const BatchContext batch = meta_->batch(place.unit_index);
    stored_.clear();
    stored_.append(data_.read(place.compressed_offset, batch.compressed_size));
    decrypt_item(blob_, stored_);
    set_size(unit_content_, batch.uncompressed_size);
    // Nothing but the sizes says whether a batch is compressed.
    if (stored_.size() == batch.uncompressed_size) {
      std::memcpy(unit_content_.data(), stored_.data(), stored_.size());
    } else {
      decompress_item(blob_.compressor, stored_.view(), {unit_content_.data(), unit_content_.size()});
    }
  }
  unit_ = place.unit_index;
}

/// `chunk`: what the bootstrap says, when it says a CRC.
void ChunkReader::check_crc(ByteView content, const ChunkPlace& place, const Chunk* chunk, std::uint32_t index) const {
  if (!place.crc32c && chunk == nullptr) return;
  const std::uint32_t actual = hash::crc32c(content);
  if ((place.crc32c && actual != *place.crc32c) || (chunk != nullptr && actual != chunk->crc32c)) {
    fail(blob_, index, "its content does not have the CRC that it should");
  }
}

RawDigest ChunkReader::listed_digest(std::uint32_t index) const {
  RawDigest digest;
  std::copy_n(digests_.data() + index * digest.size(), digest.size(), digest.begin());
  return digest;
}

void ChunkReader::check_digest(ByteView content, const RawDigest& digest, std::uint32_t index) const {
  const RawDigest actual = raw_digest(blob_.digester, content);
  if (actual == digest) return;
  throw DigestMismatch(name_of(blob_, index), hex_encode(digest), hex_encode(actual), content.size());
}

}  // namespace accel::formats::nydus
