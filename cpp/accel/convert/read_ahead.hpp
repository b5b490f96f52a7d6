/// A pipeline stage: a stream that is read on a thread of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>

#include "accel/base/bounded_queue.hpp"
#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/convert/tally.hpp"
#include "accel/io/source.hpp"

namespace accel::convert {

struct ReadAheadOptions {
  std::size_t block_bytes = 256U << 10U;
  std::size_t blocks = 4;                          ///< in all: being filled, waiting and being read; at least 2
  BusyClock* busy = nullptr;                       ///< runs while the source is being read
  BusyClock* consumer = nullptr;                   ///< the consumer's, entered by it: stands still while it waits here
  std::function<void(std::size_t bytes)> on_read;  ///< called for each block, from the reading thread
};

/// Reads `source` on a thread of its own, a few blocks ahead of whoever reads this stream, so that network, digest
/// check, decompression and parsing of one layer run at the same time. Uses blocks * block_bytes of memory: blocks go
/// round, they are never allocated anew.
class ReadAhead final : public io::ByteStream {
 public:
  /// `source` must outlive this stream. `cancel` must also end a read of `source` that waits for something.
  ReadAhead(io::ByteStream& source, ReadAheadOptions options, CancelToken cancel);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  /// Waits for the read of `source` that is under way: cancel its token first when that may take long.
  ~ReadAhead() override;

  /// Rethrows what reading `source` threw, after the whole blocks that were read before it.
  std::size_t read(MutableByteView out) override;
  /// The bytes that the next read begins with, without taking them; empty only at the end. Valid until that read.
  ByteView peek();
  /// Takes `count` bytes of what `peek` showed.
  void skip(std::size_t count) noexcept { position_ += count; }
  /// Reads to the end and drops what comes.
  void drain();

 private:
  void run();
  bool next_block();

  io::ByteStream& source_;
  const ReadAheadOptions options_;
  const CancelToken cancel_;
  BoundedQueue<Buffer> free_, filled_;
  Buffer current_;
  std::size_t position_ = 0;
  bool ended_ = false;
  std::jthread thread_;
};

}  // namespace accel::convert
