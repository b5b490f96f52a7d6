/// Streams and sinks that count what passes, for sizes and progress.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Called after each piece with the bytes that have passed so far.
using CountCallback = std::function<void(std::uint64_t total)>;

/// Streams `inner`, which must outlive it.
class CountingStream final : public ByteStream {
 public:
  explicit CountingStream(ByteStream& inner, CountCallback on_progress = {})
      : inner_(inner), on_progress_(std::move(on_progress)) {}

  std::size_t read(MutableByteView out) override {
    const std::size_t count = inner_.read(out);
    count_ += count;
    if (on_progress_ && count > 0) on_progress_(count_);
    return count;
  }
  /// Bytes read so far.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  ByteStream& inner_;
  CountCallback on_progress_;
  std::uint64_t count_ = 0;
};

/// Writes to `inner`, which must outlive it.
class CountingSink final : public ByteSink {
 public:
  explicit CountingSink(ByteSink& inner, CountCallback on_progress = {})
      : inner_(inner), on_progress_(std::move(on_progress)) {}

  void write(ByteView bytes) override {
    inner_.write(bytes);
    count_ += bytes.size();
    if (on_progress_ && !bytes.empty()) on_progress_(count_);
  }
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  ByteSink& inner_;
  CountCallback on_progress_;
  std::uint64_t count_ = 0;
};

}  // namespace accel::io
