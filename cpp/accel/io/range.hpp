/// The one bounds check of every ByteSource, and a source's range as a stream.
#pragma once

#include <cstdint>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/io/source.hpp"

namespace accel::io {

/// Throws FormatError naming `name` unless `offset` + `length` lies within `size`; never overflows.
void check_range(std::uint64_t offset, std::uint64_t length, std::uint64_t size, std::string_view name);

/// `length` bytes of `source` from `offset`, read front to back. The source must outlive it.
class RangeStream final : public ByteStream {
 public:
  /// Throws FormatError when the range is not inside the source.
  RangeStream(ByteSource& source, std::uint64_t offset, std::uint64_t length);
  /// The whole source.
  explicit RangeStream(ByteSource& source);

  std::size_t read(MutableByteView out) override;

 private:
  ByteSource& source_;
  std::uint64_t next_;
  std::uint64_t left_;
};

/// `length` bytes of `source` from `offset`, seen as a source of their own. The source must outlive it.
class RangeSource final : public ByteSource {
 public:
  /// Throws FormatError when the range is not inside the source.
  RangeSource(ByteSource& source, std::uint64_t offset, std::uint64_t length);

  [[nodiscard]] std::uint64_t size() const override { return length_; }
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  ByteSource& source_;
  std::uint64_t offset_;
  std::uint64_t length_;
};

}  // namespace accel::io
