/// Cuts files into chunks, finds those that exist already, numbers the others and sends them into the blob.
/// Spec: nydus-blob.md 5, 6, 15.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "accel/formats/nydus/batch.hpp"
#include "accel/formats/nydus/chunk_index.hpp"
#include "accel/formats/nydus/chunk_pipeline.hpp"
#include "accel/formats/nydus/encoder.hpp"

namespace accel::formats::nydus {

/// Adds to `Rafs::chunks`, `file_chunks` and `blobs`. Fed by one thread.
class Chunker {
 public:
  /// The references outlive it.
  Chunker(const NativeSettings& settings, std::optional<BlobKey> key, Rafs& rafs, BlobWriter& blob,
          const EncodeContext& context);

  /// Begins a file with `size` > 0 bytes, whose header is at `header_offset` of the layer. Its chunks are the next of
  /// Rafs::file_chunks.
  void begin_file(std::uint64_t size, std::uint64_t header_offset);
  /// The next piece of it.
  void write(ByteView bytes);
  /// The chunks of the file, which is complete.
  [[nodiscard]] std::uint32_t file_chunks() const noexcept { return file_chunk_count_; }

  /// After the last file: all chunks are in the blob, and those of the layer are complete in `Rafs`. Returns the index
  /// of the layer's own blob, whose features and chunk section are set; nothing when no chunk had to be stored.
  std::optional<std::uint32_t> finish();
  /// After `finish`: the index of the own blob's chunks, and their digests.
  [[nodiscard]] PlainCi make_ci() const;
  [[nodiscard]] Buffer make_digests() const;

 private:
  void end_chunk();
  std::uint32_t store_chunk(const RawDigest& digest, ByteView chunk, const std::optional<FrameKey>& frame);
  [[nodiscard]] std::optional<FrameKey> frame_key(std::size_t chunk_size) const;
  std::uint32_t use_dictionary(const Chunk& chunk);
  [[nodiscard]] bool aligned() const noexcept { return settings_.version == FsVersion::v6 || settings_.align_chunks; }
  [[nodiscard]] bool uses_v2() const noexcept;
  [[nodiscard]] std::uint32_t features() const noexcept;
  [[nodiscard]] ChunkInfo info_of(const Chunk& chunk, BatchPlan::Place place, const StoredItem& item) const;

  const NativeSettings settings_;
  const bool encrypted_;
  Rafs& rafs_;
  ChunkIndex index_;
  BatchPlan plan_;
  std::vector<BatchPlan::Place> places_;  // of own chunks; only with batches
  std::optional<std::uint32_t> own_blob_;
  std::vector<std::optional<std::uint32_t>> dictionary_blobs_;  // in Rafs::blobs
  std::uint32_t own_chunks_ = 0;
  std::uint64_t uncompressed_end_ = 0;
  std::shared_ptr<SharedFrames> frames_;  // null: nobody to share with
  std::uint64_t header_offset_ = 0;
  std::uint64_t file_size_ = 0;
  std::uint64_t file_left_ = 0;  // bytes of the file that belong to no chunk yet
  std::size_t chunk_left_ = 0;   // bytes the chunk still wants
  bool one_chunk_ = false;       // the file is a single chunk
  std::uint32_t file_chunk_count_ = 0;
  std::vector<StoredItem> items_;
  ChunkPipeline pipeline_;
};

}  // namespace accel::formats::nydus
