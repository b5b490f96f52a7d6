/// Brings chunks into the form they have in a blob: compressed where that makes them smaller, encrypted, in order.
/// Spec: nydus-blob.md 5.2, 6, 7.
///
///     feeding thread                 worker threads          writer thread
///     copies chunks in, drops   ──►  compress and       ──►  learns offsets,
///     those that exist already       encrypt items           writes to the blob
///
/// What is stored is an item: one chunk, or a batch of small ones (BatchPlan). Items travel in jobs of about 256 KiB,
/// so that a layer of 68,000 small files does not cost 68,000 changes of thread. Jobs do not show in the output.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/blob_writer.hpp"
#include "accel/formats/nydus/encrypt.hpp"
#include "accel/formats/ordered_pipeline.hpp"
#include "accel/formats/shared_frames.hpp"
#include "accel/formats/unit_encoder_pool.hpp"

namespace accel::formats::nydus {

/// What an item came to.
struct StoredItem {
  std::uint64_t offset = 0;  ///< in the blob
  std::uint32_t size = 0;    ///< as stored
  std::uint32_t uncompressed_size = 0;
  bool compressed = false;
};

class ChunkPipeline {
 public:
  struct Settings {
    /// Chunk encoders; null: nothing is compressed.
    std::shared_ptr<UnitEncoderPool> encoders;
    std::optional<BlobKey> key;
    /// zstd unit encoders, and for whom else they work; null: everything is compressed for this blob alone.
    std::shared_ptr<UnitEncoderPool> frame_encoders = nullptr;
    std::shared_ptr<SharedFrames> frames = nullptr;
  };

  /// `blob` belongs to the pipeline's writer thread until `finish` has returned.
  ChunkPipeline(Settings settings, BlobWriter& blob, const EncodeContext& context);
  ~ChunkPipeline();

  /// Begins a chunk that will have `size` bytes. `item_open`: it may turn out to join the item before it. May wait for
  /// memory. Throws what a worker or the blob's sink threw, and Cancelled.
  void begin_chunk(std::size_t size, bool item_open);
  void append(ByteView bytes);
  /// The bytes of the chunk so far.
  [[nodiscard]] ByteView chunk() const;
  /// Forgets the chunk.
  void drop_chunk();
  /// Ends the chunk; it joins the last item or is the first of a new one. `frame`: an item that another encoder may
  /// have compressed, or may want; only with Settings::frames, without key and batches.
  void keep_chunk(bool joins, const std::optional<FrameKey>& frame);

  /// Returns when everything has been written: all items in order.
  std::vector<StoredItem> finish();

 private:
  class ItemJob;

  void open_job(std::size_t size);
  void move_chunk_to_new_job();
  void submit();

  const Settings settings_;
  BlobWriter& blob_;
  std::unique_ptr<ItemJob> open_;   // being filled
  OrderedPipeline::Leases leases_;  // of `open_`
  MemoryBudget& budget_;
  std::size_t chunk_begin_ = 0;    // in the input of `open_`
  std::vector<StoredItem> items_;  // the writer's, until it has ended
  OrderedPipeline pipeline_;       // last: its jobs use the rest
};

}  // namespace accel::formats::nydus
