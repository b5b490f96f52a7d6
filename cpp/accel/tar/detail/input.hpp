/// The reader's window into its stream: large reads, views without copies.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/io/source.hpp"

namespace accel::tar::detail {

/// Views are valid until the next call of any method but offset.
class Input {
 public:
  explicit Input(io::ByteStream& stream) : stream_(stream), buffer_(kCapacity) { buffer_.resize(kCapacity); }

  /// The next `want` bytes, not consumed; fewer only at the end of the stream. `want` is at most 4096.
  ByteView peek(std::size_t want);
  /// Consumes and returns what is at hand, 1 to `max` bytes; empty only at the end of the stream or for `max` = 0.
  ByteView take(std::uint64_t max);
  /// Consumes `count` bytes that peek has shown.
  void consume(std::size_t count) noexcept;
  /// Consumes up to `count` bytes; returns how many there were.
  std::uint64_t skip(std::uint64_t count);
  /// Bytes consumed so far.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  /// Fits a level 2 cache; larger blocks measured no faster, since a decompressor fills them piece by piece.
  static constexpr std::size_t kCapacity = std::size_t{256} << 10U;

  [[nodiscard]] std::size_t available() const noexcept { return end_ - begin_; }
  void refill();

  io::ByteStream& stream_;
  Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace accel::tar::detail
