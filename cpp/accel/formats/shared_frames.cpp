#include "accel/formats/shared_frames.hpp"

#include <exception>
#include <utility>

namespace accel::formats {

Buffer make_frame(ByteView content, codec::UnitEncoder& encoder, Buffer& scratch) {
  const std::size_t begin = scratch.size();
  encoder.encode(content, scratch);
  Buffer frame(scratch.size() - begin);
  frame.append(scratch.view().subspan(begin));
  scratch.resize(begin);
  return frame;
}

void SharedFrames::join(int level) {
  const std::lock_guard lock(mutex_);
  ++members_[level];
}

bool SharedFrames::has_several(int level) const {
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(level);
  return found != members_.end() && found->second > 1;
}

SharedFrame SharedFrames::get(const FrameKey& key, const std::function<Buffer()>& compress) {
  std::promise<std::shared_ptr<const Buffer>> promise;
  SharedFrame frame;
  {
    const std::lock_guard lock(mutex_);
    const auto visited = visit(key);
    const bool first = !visited->second.frame;
    if (first) visited->second.frame = promise.get_future().share();
    frame = *visited->second.frame;
    leave(visited);
    if (!first) return frame;
  }
  try {
    auto made = std::make_shared<const Buffer>(compress());
    const std::size_t bytes = made->size();
    promise.set_value(std::move(made));
    count(key, bytes);
  } catch (...) {
    promise.set_exception(std::current_exception());
  }
  return frame;
}

void SharedFrames::pass(const FrameKey& key) {
  const std::lock_guard lock(mutex_);
  leave(visit(key));
}

SharedFrames::Frames::iterator SharedFrames::visit(const FrameKey& key) {
  const auto [found, is_new] = frames_.try_emplace(key);
  if (is_new) found->second.to_come = members_[key.level];
  return found;
}

void SharedFrames::leave(Frames::iterator visited) {
  if (--visited->second.to_come == 0) {
    erase(visited);
  } else {
    drop_oldest();
  }
}

/// Counts a frame that is made, if somebody will still ask for it.
void SharedFrames::count(const FrameKey& key, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = frames_.find(key);
  if (found == frames_.end()) return;
  bytes_ += bytes - found->second.bytes;
  found->second.bytes = bytes;
  drop_oldest();
}

/// Encoders that never ask, for a file that only one of them has, leave frames behind. Whoever wants one of them after
/// all makes it again.
void SharedFrames::drop_oldest() {
  while (frames_.size() > kMaxFrames || bytes_ > kMaxBytes) erase(frames_.begin());
}

void SharedFrames::erase(Frames::iterator frame) {
  bytes_ -= frame->second.bytes;
  frames_.erase(frame);
}

}  // namespace accel::formats
