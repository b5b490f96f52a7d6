#include "accel/io/range.hpp"

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"

namespace accel::io {

void check_range(std::uint64_t offset, std::uint64_t length, std::uint64_t size, std::string_view name) {
  if (offset <= size && length <= size - offset) return;
  throw FormatError(
      "read " + std::to_string(length) + " bytes of " + std::string(name) + ", which has only " + std::to_string(size),
      FormatError::Where{.digest = {}, .path = {}, .offset = offset});
}

RangeStream::RangeStream(ByteSource& source, std::uint64_t offset, std::uint64_t length)
    : source_(source), next_(offset), left_(length) {
  check_range(offset, length, source.size(), "a source");
}

RangeStream::RangeStream(ByteSource& source) : RangeStream(source, 0, source.size()) {}

std::size_t RangeStream::read(MutableByteView out) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
  if (count == 0) return 0;
  source_.read_at(next_, out.first(count));
  next_ += count;
  left_ -= count;
  return count;
}

RangeSource::RangeSource(ByteSource& source, std::uint64_t offset, std::uint64_t length)
    : source_(source), offset_(offset), length_(length) {
  check_range(offset, length, source.size(), "a source");
}

void RangeSource::read_at(std::uint64_t offset, MutableByteView out) {
  check_range(offset, out.size(), length_, "a source");
  source_.read_at(offset_ + offset, out);
}

}  // namespace accel::io
