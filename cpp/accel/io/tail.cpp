#include "accel/io/tail.hpp"

#include <algorithm>
#include <utility>

#include "accel/io/range.hpp"

namespace accel::io {

TailSource::TailSource(std::shared_ptr<ByteSource> source, std::uint64_t tail_bytes)
    : source_(std::move(source)),
      tail_(static_cast<std::size_t>(std::min(tail_bytes, source_->size()))),
      tail_offset_(source_->size() - tail_.size()) {
  source_->read_at(tail_offset_, tail_);
}

void TailSource::read_at(std::uint64_t offset, MutableByteView out) {
  check_range(offset, out.size(), size(), "a source");
  if (offset < tail_offset_) return source_->read_at(offset, out);
  std::copy_n(tail_.begin() + static_cast<std::ptrdiff_t>(offset - tail_offset_), out.size(), out.begin());
}

}  // namespace accel::io
