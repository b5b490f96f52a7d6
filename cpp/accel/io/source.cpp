#include "accel/io/source.hpp"

namespace accel::io {

std::size_t read_full(ByteStream& stream, MutableByteView out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::size_t count = stream.read(out.subspan(filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace accel::io
