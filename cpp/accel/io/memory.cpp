#include "accel/io/memory.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/range.hpp"

namespace accel::io {

MemorySource::MemorySource(Bytes bytes) : owned_(std::move(bytes)), bytes_(owned_) {}

void MemorySource::read_at(std::uint64_t offset, MutableByteView out) {
  check_range(offset, out.size(), bytes_.size(), "a memory source");
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
}

MemoryStream::MemoryStream(Bytes bytes) : owned_(std::move(bytes)), rest_(owned_) {}

std::size_t MemoryStream::read(MutableByteView out) {
  const std::size_t count = std::min(out.size(), rest_.size());
  if (count > 0) std::memcpy(out.data(), rest_.data(), count);
  rest_ = rest_.subspan(count);
  return count;
}

Buffer MemorySink::take() noexcept { return std::exchange(buffer_, Buffer()); }

Bytes read_all(ByteStream& stream, std::size_t limit) {
  constexpr std::size_t kFirst = 64 * 1024;
  Bytes bytes;
  std::size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) {
      // Grows with what has really come, up to one byte beyond the limit, which tells "more" from "exactly".
      const std::size_t room = std::max(kFirst, bytes.size());
      bytes.resize(filled + (limit - filled < room ? limit - filled + 1 : room));
    }
    const std::size_t count = stream.read(MutableByteView(bytes).subspan(filled));
    if (count == 0) break;
    filled += count;
    if (filled > limit) {
      throw FormatError("read a document: it has more than " + std::to_string(limit) + " bytes, the most allowed here");
    }
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace accel::io
