/// Memory as source, stream and sink.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Bytes in memory. Thread-safe for reading.
class MemorySource final : public ByteSource {
 public:
  /// Looks at `bytes`, which must outlive it.
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  /// Owns the bytes.
  explicit MemorySource(Bytes bytes);

  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  Bytes owned_;
  ByteView bytes_;
};

/// Streams bytes in memory.
class MemoryStream final : public ByteStream {
 public:
  /// Looks at `bytes`, which must outlive it.
  explicit MemoryStream(ByteView bytes) : rest_(bytes) {}
  /// Owns the bytes.
  explicit MemoryStream(Bytes bytes);

  std::size_t read(MutableByteView out) override;
  /// What has not been read yet.
  [[nodiscard]] ByteView rest() const noexcept { return rest_; }

 private:
  Bytes owned_;
  ByteView rest_;
};

/// Collects what is written.
class MemorySink final : public ByteSink {
 public:
  void write(ByteView bytes) override { buffer_.append(bytes); }
  [[nodiscard]] ByteView view() const noexcept { return buffer_.view(); }
  /// Gives the bytes away; the sink starts anew.
  Buffer take() noexcept;

 private:
  Buffer buffer_;
};

/// Reads the rest of `stream`. Throws FormatError when it has more than `limit` bytes (and reads no more than one
/// beyond), so that a hostile length cannot fill the memory.
Bytes read_all(ByteStream& stream, std::size_t limit);

}  // namespace accel::io
