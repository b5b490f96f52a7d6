#include "accel/tar/detail/input.hpp"

#include <algorithm>
#include <cstring>

namespace accel::tar::detail {

ByteView Input::peek(std::size_t want) {
  while (available() < want) {
    const std::size_t before = available();
    refill();
    if (available() == before) break;
  }
  return {buffer_.data() + begin_, std::min(want, available())};
}

ByteView Input::take(std::uint64_t max) {
  if (max == 0) return {};
  if (available() == 0) refill();
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(max, available()));
  const ByteView view(buffer_.data() + begin_, count);
  consume(count);
  return view;
}

void Input::consume(std::size_t count) noexcept {
  begin_ += count;
  offset_ += count;
}

std::uint64_t Input::skip(std::uint64_t count) {
  std::uint64_t left = count;
  while (left > 0) {
    const std::size_t taken = take(left).size();
    if (taken == 0) break;
    left -= taken;
  }
  return count - left;
}

/// One read behind what is at hand, which moves to the front first: at most a few blocks, since peek asks for no more.
void Input::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, available());
    end_ -= begin_;
    begin_ = 0;
  }
  end_ += stream_.read({buffer_.data() + end_, buffer_.size() - end_});
}

}  // namespace accel::tar::detail
