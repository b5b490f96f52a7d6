/// One flow of bytes to two places.
#pragma once

#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Writes everything to `first`, then to `second`. Both must outlive it.
class TeeSink final : public ByteSink {
 public:
  TeeSink(ByteSink& first, ByteSink& second) : first_(first), second_(second) {}

  void write(ByteView bytes) override {
    first_.write(bytes);
    second_.write(bytes);
  }

 private:
  ByteSink& first_;
  ByteSink& second_;
};

/// Streams `inner` and writes what passes to `copy`. Both must outlive it.
class TeeStream final : public ByteStream {
 public:
  TeeStream(ByteStream& inner, ByteSink& copy) : inner_(inner), copy_(copy) {}

  std::size_t read(MutableByteView out) override {
    const std::size_t count = inner_.read(out);
    copy_.write(out.first(count));
    return count;
  }

 private:
  ByteStream& inner_;
  ByteSink& copy_;
};

}  // namespace accel::io
