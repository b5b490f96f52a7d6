/// Cuts a gzip layer into slices that readers can decode each for itself. Spec: nydus-blob.md 11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/block_boundaries.hpp"

namespace accel::formats::nydus {

/// Readers refuse slices of more bytes of output.
inline constexpr std::uint64_t kMaxSliceSize = 16ULL << 20U;
/// Such a slice needs little more input, but for blocks without content; those may be as many.
inline constexpr std::uint64_t kMaxSliceInput = 32ULL << 20U;
inline constexpr std::uint32_t kMaxSlices = 1U << 24U;

/// How a reader decodes a slice. Spec: nydus-blob.md 11.4.
struct ZranContext {
  static constexpr std::size_t kSize = 40;

  std::uint64_t in_offset = 0;          ///< in the layer, of the first whole byte
  std::uint64_t out_offset = 0;         ///< in the decompressed stream
  std::uint64_t dictionary_offset = 0;  ///< in the area of dictionaries
  std::uint32_t in_size = 0;
  std::uint32_t out_size = 0;
  std::uint32_t dictionary_size = 0;
  std::byte byte{0};      ///< the one before `in_offset`, when bits of it are needed
  std::uint8_t bits = 0;  ///< how many
};

void append_zran_context(const ZranContext& context, Buffer& out);

/// Where in a layer a chunk is.
struct ZranPlace {
  std::uint32_t slice = 0;      ///< index of its context
  std::uint32_t offset = 0;     ///< in what the slice decodes to
  std::uint64_t in_offset = 0;  ///< roughly, in the layer; readers use the slice
  std::uint32_t in_size = 0;
};

/// Chooses where slices begin and end.
///
/// Slices begin at the last deflate block at or before a chunk, by the rule of nydus-blob.md 11.3 and these:
/// - A slice that no chunk of its own needs is not made (corrections.md 4): chunks known already count for nothing.
/// - A chunk in another gzip member than the slice begins a new one, so that a slice has the end of a member inside
/// only
///   when a chunk has: readers up to 2.2 fail there, and such a member begins without a dictionary.
/// - Compressed positions are those of the last boundary or mark, of which there is one for every 16 KiB of output;
/// they
///   depend on the stream alone.
/// - A slice never ends where the decoder would see the end of a member, at which readers look for a next one (11.6).
///
/// Used by one thread at a time, while `boundaries` is filled by another.
class ZranSlicer {
 public:
  /// Takes the bytes before a slice that matches may refer to; called for each slice in order.
  using Dictionaries = std::function<void(ByteView)>;

  ZranSlicer(std::shared_ptr<codec::BlockBoundaries> boundaries, std::uint32_t chunk_size, Dictionaries dictionaries);

  /// Tells that the byte at `out` of the decompressed stream has been seen. To be called often.
  void advance(std::uint64_t out);
  /// A chunk begins at `out`, whose byte has been seen.
  void begin_chunk(std::uint64_t out);
  /// It ended before `end` and has to be stored. Throws UnsupportedError when it lies too deep in a block for readers.
  ZranPlace keep_chunk(std::uint64_t end);
  // A chunk that begins and is not kept is one that exists already.

  /// After the end of the stream. Throws UnsupportedError when a slice would end where readers fail.
  const std::vector<ZranContext>& finish();

 private:
  /// A slice whose input cannot be told until the decoder is past its end.
  struct Unresolved {
    std::uint32_t slice = 0;
    std::uint64_t end = 0;  ///< in the decompressed stream
  };
  /// A block, and the member it is in.
  struct Block {
    codec::BlockBoundary boundary;
    std::uint64_t member = 0;
    friend bool operator==(const Block&, const Block&) = default;
  };

  [[nodiscard]] bool wants_new_slice(std::uint64_t out) const;
  void open_slice();
  bool resolve(Unresolved& slice, const codec::BlockBoundary& boundary);

  const std::shared_ptr<codec::BlockBoundaries> boundaries_;
  const std::uint32_t chunk_size_;
  const Dictionaries dictionaries_;
  std::vector<ZranContext> contexts_;
  std::uint64_t dictionaries_size_ = 0;
  std::vector<Unresolved> unresolved_;
  codec::BlockBoundary position_;  // the last one, of any kind
  Block block_;                    // the last one
  Block first_block_;              // of the current slice
  std::uint64_t members_ = 0;      // that have ended
  // The current chunk:
  std::uint64_t chunk_begin_ = 0;
  std::uint64_t chunk_in_ = 0;
  bool opens_slice_ = false;
  Block opened_at_;
  Bytes window_;
};

}  // namespace accel::formats::nydus
