/// Where bytes come from.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::io {

/// A stream that is read once, front to back. Used by one thread at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads 1 to out.size() bytes; 0 only at the end (or when `out` is empty). Throws on any failure.
  virtual std::size_t read(MutableByteView out) = 0;
};

/// Bytes with a known size that can be read at any offset. `read_at` is thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills `out` from `offset`. The range must lie inside the source: FormatError otherwise.
  virtual void read_at(std::uint64_t offset, MutableByteView out) = 0;
};

/// Reads until `out` is full or the stream ends; returns the bytes read.
std::size_t read_full(ByteStream& stream, MutableByteView out);

}  // namespace accel::io
