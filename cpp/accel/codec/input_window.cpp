#include "accel/codec/input_window.hpp"

#include <cstring>

namespace accel::codec {

bool InputWindow::fill(std::size_t count) {
  if (end_ - begin_ >= count) return true;
  if (begin_ > 0) {
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ < count && !ended_) {
    const std::size_t got = stream_.read(MutableByteView(block_.data() + end_, block_.size() - end_));
    if (got == 0) ended_ = true;
    end_ += got;
  }
  return end_ >= count;
}

}  // namespace accel::codec
