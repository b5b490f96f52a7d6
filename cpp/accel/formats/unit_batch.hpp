/// What travels through a UnitPipeline, and the work of a worker thread on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/base/memory_budget.hpp"
#include "accel/formats/shared_digests.hpp"
#include "accel/formats/toc_record.hpp"
#include "accel/formats/unit_encoder_pool.hpp"
#include "accel/hash/digest.hpp"

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

/// Consecutive units on their way.
struct Batch {
  Buffer input;                   ///< uncompressed bytes; gone once they are compressed
  std::vector<std::size_t> cuts;  ///< where in `input` units begin or, with min_unit_bytes, may begin
  std::vector<ChunkSpan> chunks;
  std::vector<TocRecord> records;           ///< entries that begin or go on in this batch, in layer order
  Buffer output;                            ///< compressed units
  std::vector<std::size_t> unit_begins;     ///< in the uncompressed bytes
  std::vector<std::uint64_t> unit_offsets;  ///< in `output`; one more than units: the last is output.size()
};

/// Fills in digests, units and output of `batch`, whose input goes back to `budget` for another one's output. With
/// `min_unit_bytes`, units begin only at those cuts that give the unit before them this many compressed bytes. `shared`
/// may be null. Throws Cancelled.
void encode_batch(Batch& batch, UnitEncoderPool& encoders, MemoryBudget& budget, std::size_t min_unit_bytes,
                  SharedDigests* shared, const CancelToken& cancel);

}  // namespace accel::formats
