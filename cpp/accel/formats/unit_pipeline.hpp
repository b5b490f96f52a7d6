/// Compresses units (gzip members, zstd frames) on all cores and writes them in order, through an OrderedPipeline.
///
///     feeding thread            worker threads             writer thread
///     fills units      ──►      hash chunks,      ──►      learns offsets, completes the TOC,
///     batch by batch            compress units             writes to the sink
///
/// Units are what the format prescribes; batches are only how they travel: small units share a batch, so that a layer
/// of 68,000 small files does not cost 68,000 changes of thread. Batches do not show in the output.
///
/// Memory: a batch's lease is for one buffer, that of its input, which its compressed bytes replace. A worker
/// compresses into a buffer that no lease counts, and leaves the input's to the next: for each worker there is one
/// buffer more than batches. Buffers go round through the budget.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/ordered_pipeline.hpp"
#include "accel/formats/toc_record.hpp"
#include "accel/formats/unit_batch.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats {

class UnitPipeline {
 public:
  struct Options {
    /// Compressed bytes a unit must have before the next may begin; 0: every unit begins where the feeder says.
    /// Units stay below it where a batch as a whole does (estargz.md 3.1).
    std::size_t min_unit_bytes = 0;
    /// For the chunks' digests; null: every chunk is hashed here.
    std::shared_ptr<SharedDigests> digests = nullptr;
    /// For `share_unit`.
    std::shared_ptr<SharedFrames> frames = nullptr;
  };
  /// Called for each batch from the writer thread, in order, before its bytes are written. `offset`: of its first byte
  /// in the blob.
  using OnBatch = std::function<void(Batch& batch, std::uint64_t offset)>;

  UnitPipeline(std::shared_ptr<UnitEncoderPool> encoders, io::ByteSink& sink, const EncodeContext& context,
               Options options, OnBatch on_batch);
  UnitPipeline(const UnitPipeline&) = delete;
  UnitPipeline& operator=(const UnitPipeline&) = delete;
  /// Drops what was not written; waits for the units being compressed and for the sink's current write.
  ~UnitPipeline();

  /// Begins a unit in which about `expected_bytes` will follow. With `forced`, min_unit_bytes does not delay it.
  /// May wait for memory. Throws what a worker, the sink or `on_batch` threw, and Cancelled.
  void begin_unit(std::size_t expected_bytes, bool forced = false);
  /// Ends the current unit, which must exist, and begins the next in the same batch; a chunk may go on across it.
  void cut();
  /// The current unit, which is complete (`cut` comes next), is the frame of `key`. Only with Options::frames, and
  /// without min_unit_bytes.
  void share_unit(const FrameKey& key);
  /// Adds bytes to the current unit; begins one when there is none.
  void append(ByteView bytes);
  /// Begins a chunk at the end of the current unit, which must exist; `end_chunk` ends it and returns its index in the
  /// batch's `chunks`. `stream_offset`: where it begins in the uncompressed stream; used with Options::digests only.
  void begin_chunk(std::uint64_t stream_offset = 0);
  std::size_t end_chunk(bool hashed);
  /// The bytes of the chunk so far.
  [[nodiscard]] ByteView chunk() const;
  /// Adds a record to the current batch; begins a unit when there is none.
  void add_record(TocRecord record);
  /// Bytes in the current unit.
  [[nodiscard]] std::size_t unit_size() const noexcept;

  /// Returns when all units have been written: their bytes in the blob. The sink is then the caller's again.
  std::uint64_t finish();

 private:
  class BatchJob;

  void open_batch(std::size_t expected_bytes);
  void submit();

  std::shared_ptr<UnitEncoderPool> encoders_;
  io::ByteSink& sink_;
  MemoryBudget& budget_;
  const Options options_;
  const OnBatch on_batch_;
  const std::size_t batch_bytes_;
  std::unique_ptr<BatchJob> open_;  // being filled
  OrderedPipeline::Leases leases_;  // of `open_`
  std::size_t chunk_begin_ = 0;
  std::uint64_t chunk_stream_offset_ = 0;
  std::uint64_t written_ = 0;  // the writer's, until it has ended
  OrderedPipeline pipeline_;   // last: its jobs use the rest
};

}  // namespace accel::formats
