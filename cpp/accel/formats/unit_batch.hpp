/// What travels through a UnitPipeline, and the work of a worker thread on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/base/memory_budget.hpp"
#include "accel/formats/shared_digests.hpp"
#include "accel/formats/shared_frames.hpp"
#include "accel/formats/toc_record.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/hash/digest.hpp"
#include "accel/io/sink.hpp"

namespace accel::formats {

/// Content inside a batch whose place in the blob, and maybe digest, the TOC needs.
struct ChunkSpan {
  std::size_t begin = 0;  ///< in Batch::input
  std::size_t size = 0;
  std::uint64_t stream_offset = 0;  ///< of its first byte in the uncompressed stream; used with SharedDigests
  bool hashed = true;
  hash::Digest digest;   ///< filled in by a worker when `hashed`
  std::size_t unit = 0;  ///< the unit it is in; filled in by a worker
};

/// A unit that another encoder may want as well, or have made.
struct SharedUnit {
  std::size_t unit = 0;  ///< with SharedFrames every cut begins one
  FrameKey key;
  SharedFrame frame;       ///< filled in by a worker
  std::size_t offset = 0;  ///< in Batch::output, which is without it; filled in by a worker
};

/// Consecutive units on their way.
struct Batch {
  Buffer input;                   ///< uncompressed bytes; gone once they are compressed
  std::vector<std::size_t> cuts;  ///< where in `input` units begin or, with min_unit_bytes, may begin
  std::vector<ChunkSpan> chunks;
  std::vector<TocRecord> records;           ///< entries that begin or go on in this batch, in layer order
  std::vector<SharedUnit> shared_units;     ///< in order
  Buffer output;                            ///< compressed units
  std::vector<std::size_t> unit_begins;     ///< in the uncompressed bytes
  std::vector<std::uint64_t> unit_offsets;  ///< in the compressed bytes; one more than units: the last is their end
};

/// What several encoders of one layer do once for all; each may be null.
struct SharedWork {
  SharedDigests* digests = nullptr;
  SharedFrames* frames = nullptr;
};

/// Fills in digests, units and output of `batch`, whose input goes back to `budget` for another one's output. With
/// `min_unit_bytes`, units begin only at those cuts that give the unit before them this many compressed bytes. Shared
/// units, which `min_unit_bytes` rules out, are not in `output`. Throws Cancelled.
void encode_batch(Batch& batch, UnitEncoderPool& encoders, MemoryBudget& budget, std::size_t min_unit_bytes,
                  SharedWork shared, const CancelToken& cancel);

/// Waits for the shared units that other encoders are making, and completes `unit_offsets`.
void place_shared_units(Batch& batch);
/// Writes all units of a batch whose shared units are placed.
void write_units(const Batch& batch, io::ByteSink& sink);

}  // namespace accel::formats
