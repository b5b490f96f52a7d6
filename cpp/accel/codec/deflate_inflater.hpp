/// Decodes deflate data, stopping at every block: what libraries for fast decoding do not do. Internal to codec.
/// Spec: RFC 1951; what is refused is what zlib refuses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/codec/deflate_tables.hpp"

namespace accel::codec {

/// Not thread-safe. 110 KB: on the heap, re-used.
class DeflateInflater {
 public:
  DeflateInflater();

  enum class Stop : std::uint8_t {
    input,   ///< more input is needed
    output,  ///< there is no more room
    block,   ///< a block ended, and another begins here
    end,     ///< the last block ended
    error    ///< see Step::error; nothing but `start` may follow
  };
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    Stop stop = Stop::input;
    const char* error = nullptr;
  };

  /// Forgets everything; the next bytes are the first of deflate data.
  void start() noexcept;
  /// Decodes into `out` from `filled` on. The bytes before that place are those decoded last, since `start` or since
  /// the last `keep_window`: matches may refer to them. Where it stops depends on the data, the room and the place of
  /// the end of the input only, however the input is cut.
  Step run(ByteView input, MutableByteView out, std::size_t filled) noexcept;
  /// `decoded`, all bytes decoded since `start` or the last call of this, go away; keeps what matches may refer to.
  void keep_window(ByteView decoded);

  /// Bytes of input that were consumed although they stand behind the place where the last `run` stopped: at most 7.
  [[nodiscard]] std::size_t unused_bytes() const noexcept { return bit_count_ / 8; }
  /// Takes one of them.
  std::byte take_unused_byte() noexcept;
  /// Where a block begins inside a byte: how many of its bits (the high ones) belong to the block. 0 at a whole byte.
  [[nodiscard]] std::uint8_t pending_bits() const noexcept { return static_cast<std::uint8_t>(bit_count_ % 8); }
  /// That byte; 0 when there are no such bits.
  [[nodiscard]] std::byte pending_byte() const noexcept;
  /// After Stop::end: how many of the bytes that were used hold nothing but the code for the end of the last block. A
  /// decoder that is not given them decodes everything and does not see the end.
  [[nodiscard]] std::uint8_t end_bytes() const noexcept { return end_bytes_; }
  /// Bytes kept by `keep_window` since `start`, at most 32 KiB.
  [[nodiscard]] ByteView window() const noexcept;

 private:
  enum class State : std::uint8_t {
    block_header,
    stored_size,
    stored,
    table_sizes,
    length_code,
    code_lengths,
    symbols,
    match,
    ended,
    failed
  };

  // Each does what it can and returns whether to go on; `stop_` says why not.
  bool advance() noexcept;
  bool block_header() noexcept;
  bool stored_size() noexcept;
  bool stored() noexcept;
  bool table_sizes() noexcept;
  bool length_code() noexcept;
  bool code_lengths() noexcept;
  bool finish_tables() noexcept;
  bool symbols() noexcept;
  bool symbol() noexcept;
  bool match() noexcept;
  bool end_block(unsigned code_bits) noexcept;
  bool need_input() noexcept;
  bool fail(const char* what) noexcept;

  void refill() noexcept;
  [[nodiscard]] bool have(unsigned count) noexcept;
  std::uint32_t take(unsigned count) noexcept;
  void remember_input(ByteView input, std::size_t consumed) noexcept;

  // Of the call of `run` that is under way.
  const std::byte* in_ = nullptr;
  const std::byte* in_end_ = nullptr;
  std::byte* out_begin_ = nullptr;
  std::byte* out_ = nullptr;
  std::byte* out_end_ = nullptr;
  Stop stop_ = Stop::input;
  const char* error_ = nullptr;

  // Bits of input not used yet, the next one lowest; zeros above them.
  std::uint64_t bits_ = 0;
  unsigned bit_count_ = 0;
  std::array<std::byte, 8> last_input_{};  // the last bytes consumed, the very last one last

  State state_ = State::block_header;
  bool last_block_ = false;
  std::uint8_t end_bytes_ = 0;
  bool fixed_tables_ = false;   // the tables are those of fixed codes
  std::uint32_t left_ = 0;      // of a stored block or a match
  std::uint32_t distance_ = 0;  // of that match
  std::uint32_t literals_ = 0;  // code lengths of a block's header, and how many of them there are so far
  std::uint32_t distances_ = 0;
  std::uint32_t length_codes_ = 0;
  std::uint32_t lengths_read_ = 0;
  std::array<std::uint8_t, deflate::kLiteralSymbols + deflate::kDistanceSymbols> lengths_{};

  Buffer history_;  // its last bytes are the window
  std::size_t window_size_ = 0;

  deflate::LiteralTable literal_table_;
  deflate::DistanceTable distance_table_;
  deflate::LengthTable length_table_;
};

}  // namespace accel::codec
