/// Where the blocks of a deflate stream begin: the places at which decoding can start in the middle. Nydus' reference
/// mode and SOCI index gzip layers by them. Spec: nydus-blob.md 11.2, soci.md.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::codec {

/// The start of a deflate block (or of the first block after a gzip header).
struct BlockBoundary {
  std::uint64_t in = 0;     ///< compressed bytes before the first byte that belongs to the block as a whole
  std::uint64_t out = 0;    ///< decompressed bytes before the block, all members counted
  std::uint8_t bits = 0;    ///< 0–7: bits of the byte before `in` that belong to the block, from its high end
  std::uint8_t byte = 0;    ///< that byte, when `bits` is not 0; else 0
  bool member_end = false;  ///< no block begins here: the member's last block ended (nydus-blob.md 11.6)
  Bytes window;             ///< the last bytes of this member before `out`, at most 32 KiB
};

/// Boundaries on their way from a decoder to whoever reads its output later, on another thread.
class BlockBoundaries {
 public:
  void add(BlockBoundary boundary);
  /// Takes the last boundary at or before the decompressed offset `out` and drops all before it; nothing when there is
  /// none that was not taken. Ask with ascending offsets, after that output was seen.
  std::optional<BlockBoundary> take(std::uint64_t out);
  /// The next boundary, if the decoder has got so far.
  std::optional<BlockBoundary> next();

 private:
  std::mutex mutex_;
  std::deque<BlockBoundary> boundaries_;
};

/// A decoder of a gzip stream as make_decoder makes it, which tells `boundaries` about every block before it gives out
/// the first byte of it.
std::unique_ptr<io::ByteStream> make_indexing_decoder(io::ByteStream& compressed,
                                                      std::shared_ptr<BlockBoundaries> boundaries,
                                                      const DecodeLimits& limits = {});

}  // namespace accel::codec
