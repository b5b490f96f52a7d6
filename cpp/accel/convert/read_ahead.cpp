#include "accel/convert/read_ahead.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace accel::convert {

ReadAhead::ReadAhead(io::ByteStream& source, ReadAheadOptions options, CancelToken cancel)
    : source_(source),
      options_(std::move(options)),
      cancel_(std::move(cancel)),
      free_(options_.blocks),
      filled_(options_.blocks) {
  for (std::size_t i = 1; i < std::max<std::size_t>(options_.blocks, 2); ++i) free_.push(Buffer(), {});
  thread_ = std::jthread([this] { run(); });
}

ReadAhead::~ReadAhead() {
  filled_.abandon();
  free_.close();
}

void ReadAhead::run() {
  try {
    while (auto block = free_.pop(cancel_)) {
      block->reserve(options_.block_bytes);
      block->resize(options_.block_bytes);
      std::size_t size = 0;
      {
        const BusyClock::Scope busy(options_.busy);
        size = io::read_full(source_, {block->data(), block->size()});
      }
      if (size == 0) break;
      block->resize(size);
      if (options_.on_read) options_.on_read(size);
      if (!filled_.push(std::move(*block), cancel_)) return;
    }
    filled_.close();
  } catch (...) {
    filled_.fail(std::current_exception());
  }
}

bool ReadAhead::next_block() {
  if (ended_) return false;
  if (current_.capacity() > 0) free_.push(std::exchange(current_, Buffer()), cancel_);
  position_ = 0;
  std::optional<Buffer> block;
  {
    const BusyClock::Pause waiting(options_.consumer);
    block = filled_.pop(cancel_);
  }
  if (!block) {
    ended_ = true;
    return false;
  }
  current_ = std::move(*block);
  return true;
}

ByteView ReadAhead::peek() {
  if (position_ == current_.size() && !next_block()) return {};
  return current_.view().subspan(position_);
}

std::size_t ReadAhead::read(MutableByteView out) {
  if (out.empty()) return 0;
  const ByteView bytes = peek();
  const std::size_t count = std::min(bytes.size(), out.size());
  if (count > 0) std::memcpy(out.data(), bytes.data(), count);
  skip(count);
  return count;
}

void ReadAhead::drain() {
  for (ByteView bytes = peek(); !bytes.empty(); bytes = peek()) skip(bytes.size());
}

}  // namespace accel::convert
