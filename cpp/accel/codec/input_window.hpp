/// The compressed side of a decoder: a block of look-ahead over a stream, and the offset in it. Internal to codec.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/io/source.hpp"

namespace accel::codec {

class InputWindow {
 public:
  /// `stream` must outlive it.
  explicit InputWindow(io::ByteStream& stream) : stream_(stream), block_(kBlockSize) { block_.resize(kBlockSize); }

  /// Bytes that were read from the stream and not consumed.
  [[nodiscard]] ByteView unread() const noexcept { return block_.view().subspan(begin_, end_ - begin_); }
  /// Makes `unread` non-empty; false at the end of the stream.
  bool fill() { return fill(1); }
  /// Makes `unread` at least `count` (at most kBlockSize) bytes; false when the stream ends before.
  bool fill(std::size_t count);
  /// Drops the first `count` bytes of `unread`.
  void consume(std::size_t count) noexcept {
    begin_ += count;
    offset_ += count;
  }
  /// Bytes consumed since the start of the stream.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  /// Large enough that calls into the stream below cost nothing, small enough to stay in the second-level cache.
  static constexpr std::size_t kBlockSize = std::size_t{128} << 10U;

  io::ByteStream& stream_;
  Buffer block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace accel::codec
