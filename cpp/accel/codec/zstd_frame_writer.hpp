/// One zstd frame of content that comes in pieces and need not be in memory at once.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/io/sink.hpp"

namespace accel::codec {

/// Writes a frame with its content size and without checksum, as ChunkCodec::zstd does. Used by one thread at a time.
class ZstdFrameWriter final : public io::ByteSink {
 public:
  /// `size`: bytes of content in all. `sink` outlives the writer. Throws ConfigError for a level outside 1–22.
  ZstdFrameWriter(int level, std::uint64_t size, io::ByteSink& sink);
  ~ZstdFrameWriter() override;

  void write(ByteView bytes) override;
  /// Ends the frame. Throws Error when the content did not have `size` bytes.
  void finish();

 private:
  struct Context;
  void run(ByteView bytes, bool last);

  std::unique_ptr<Context> context_;
  io::ByteSink& sink_;
};

}  // namespace accel::codec
