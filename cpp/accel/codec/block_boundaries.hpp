/// Where the blocks of a deflate stream begin: the places at which decoding can start in the middle. Nydus' reference
/// mode and SOCI index gzip layers by them. Spec: nydus-blob.md 11.2, soci.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::codec {

/// A place in a gzip stream.
struct BlockBoundary {
  enum class Kind : std::uint8_t {
    block,       ///< a deflate block begins here: the first of a member, behind its header, or a later one
    member_end,  ///< the last block of a member ended; its checksum follows, and no decoding can start here
    mark         ///< somewhere in a long block: for positions only
  };
  Kind kind = Kind::block;
  std::uint8_t bits = 0;  ///< of blocks, 0–7: bits of the byte before `in` that belong to the block, its high ones
  std::byte byte{0};      ///< of blocks: that byte, when `bits` is not 0; else 0
  std::uint8_t end_bytes = 0;  ///< of member ends: so many of the bytes before `in` hold only the code for the end
  /// Compressed bytes before the first one that belongs to the block as a whole; of the others: compressed bytes that
  /// were needed to decode what is before `out`.
  std::uint64_t in = 0;
  std::uint64_t out = 0;  ///< decompressed bytes before this place, all members counted
  friend bool operator==(const BlockBoundary&, const BlockBoundary&) = default;
};

/// Boundaries on their way from a decoder to the one consumer of its output, on another thread.
///
/// Between two boundaries there are at most kMaxDistance bytes of output, as the decoder puts marks into long blocks.
/// Of boundaries of the same kind at the same place only the last is kept, so hostile streams of empty blocks cost
/// nothing; what waits for the consumer has at most one byte of window for each byte of output it has not seen.
class BlockBoundaries {
 public:
  static constexpr std::size_t kMaxWindow = 32768;
  static constexpr std::uint64_t kMaxDistance = 16384;

  /// The next boundary at or before the decompressed offset `out`; nothing when there is none. What it returns depends
  /// on the stream alone as long as the byte at `out`, or the end of the stream, has been seen. Ask often: boundaries
  /// pile up otherwise.
  std::optional<BlockBoundary> next(std::uint64_t out);
  /// What matches of the block that `next` returned last (of kind `block`) may refer to: the bytes of its member before
  /// it, at most kMaxWindow. May be asked until `next` returns another block.
  [[nodiscard]] Bytes window() const;

  /// For the decoder: a boundary that comes behind all others. Of interest for blocks only: `older` and `newer`, one
  /// behind the other, are the bytes of output since the last block began, or the last kMaxWindow of them; matches may
  /// refer to the last `window_size` bytes of the output.
  void add(const BlockBoundary& boundary, ByteView older, ByteView newer, std::size_t window_size);

 private:
  struct Entry {
    BlockBoundary boundary;
    std::uint64_t window_end = 0;  ///< in all bytes ever put into `windows_`
    std::size_t window_size = 0;
  };
  void drop_windows_before(std::uint64_t position);

  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  Entry current_;
  // What `add` was given, one after another: windows of blocks near each other overlap in it.
  Buffer windows_;
  std::uint64_t windows_begin_ = 0;  ///< position of the first byte of `windows_`
};

/// Each consumer has its own.
using BoundaryConsumers = std::vector<std::shared_ptr<BlockBoundaries>>;

/// A decoder of a gzip stream as make_decoder makes it, which tells each of `consumers` about every boundary before it
/// gives out the first byte behind it. About as fast as the other one, which cannot stop at blocks.
std::unique_ptr<io::ByteStream> make_indexing_decoder(io::ByteStream& compressed, BoundaryConsumers consumers,
                                                      const DecodeLimits& limits = {});

}  // namespace accel::codec
