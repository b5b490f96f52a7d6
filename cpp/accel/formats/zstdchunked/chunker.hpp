/// Where the C dialect cuts a file: at holes, and where a rolling checksum says so. Spec: zstdchunked.md section 3.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::formats::zstdchunked {

/// The checksum of the last 64 bytes.
class RollingChecksum {
 public:
  static constexpr std::size_t kWindow = 64;

  /// Rolls over `bytes` up to and including the first one after which there is a boundary, or over all of them.
  /// Returns the bytes taken; `at_boundary` says whether there was one.
  std::size_t roll_to_boundary(ByteView bytes, bool& at_boundary) noexcept;
  /// Rolls over `count` zero bytes, boundaries ignored.
  void roll_zeros(std::uint64_t count) noexcept;

 private:
  [[nodiscard]] bool is_boundary() const noexcept { return (s2_ & 0xFFFFU) == 0xFFFFU; }
  bool roll(std::uint32_t in) noexcept;

  static constexpr std::uint32_t kCharOffset = 31;
  std::uint32_t s1_ = kWindow * kCharOffset;
  std::uint32_t s2_ = kWindow * (kWindow - 1) * kCharOffset;
  std::array<std::uint8_t, kWindow> window_{};
  std::size_t oldest_ = 0;
};

/// Takes the pieces a Chunker finds. `data` may be called several times for one chunk.
class ChunkVisitor {
 public:
  virtual ~ChunkVisitor() = default;
  /// The next bytes of the current data chunk.
  virtual void data(ByteView bytes) = 0;
  /// The next bytes of the current hole, all zero.
  virtual void hole(std::uint64_t bytes) = 0;
  /// The current chunk, of either kind, is complete. Not called at the end of the file.
  virtual void boundary() = 0;
};

/// Cuts one file. What comes out depends on the file's bytes, not on how they are divided among calls.
class Chunker {
 public:
  /// Zero bytes that make a hole, at least.
  static constexpr std::size_t kMinHole = 1024;

  void feed(ByteView bytes, ChunkVisitor& visitor);
  /// Bytes fed that were not handed out yet, because they may become a hole.
  [[nodiscard]] std::uint64_t pending() const noexcept { return zeros_ < kMinHole ? zeros_ : 0; }
  /// Ends the file; the next feed begins another.
  void finish(ChunkVisitor& visitor);

 private:
  void take_zeros(std::uint64_t count, ChunkVisitor& visitor);
  void end_run(ChunkVisitor& visitor);
  void take_data(ByteView bytes, ChunkVisitor& visitor);

  RollingChecksum rolling_;
  std::uint64_t zeros_ = 0;  // of the run that reaches up to the last byte fed; not handed out while below kMinHole
  bool in_chunk_ = false;    // the current data chunk is not empty
};

}  // namespace accel::formats::zstdchunked
