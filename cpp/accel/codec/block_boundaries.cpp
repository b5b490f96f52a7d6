#include "accel/codec/block_boundaries.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace accel::codec {

std::optional<BlockBoundary> BlockBoundaries::next(std::uint64_t out) {
  const std::lock_guard lock(mutex_);
  if (entries_.empty() || entries_.front().boundary.out > out) return std::nullopt;
  const Entry entry = entries_.front();
  entries_.pop_front();
  if (entry.boundary.kind == BlockBoundary::Kind::block) {
    current_ = entry;
    drop_windows_before(entry.window_end - entry.window_size);
  }
  return entry.boundary;
}

Bytes BlockBoundaries::window() const {
  const std::lock_guard lock(mutex_);
  const auto end = static_cast<std::size_t>(current_.window_end - windows_begin_);
  return to_bytes(windows_.view().subspan(end - current_.window_size, current_.window_size));
}

void BlockBoundaries::add(const BlockBoundary& boundary, ByteView older, ByteView newer, std::size_t window_size) {
  const std::lock_guard lock(mutex_);
  const bool replaces = !entries_.empty() && entries_.back().boundary.kind == boundary.kind &&
                        entries_.back().boundary.out == boundary.out;
  Entry entry{.boundary = boundary};
  if (boundary.kind == BlockBoundary::Kind::block) {
    windows_.append(older);
    windows_.append(newer);
    entry.window_end = windows_begin_ + windows_.size();
    entry.window_size = window_size;
  }
  if (replaces) {
    entries_.back() = entry;
  } else {
    entries_.push_back(entry);
  }
}

/// Moves what is left only when that is less than what goes, so that each byte moves once at most.
void BlockBoundaries::drop_windows_before(std::uint64_t position) {
  const auto unneeded = static_cast<std::size_t>(position - windows_begin_);
  const std::size_t left = windows_.size() - unneeded;
  if (unneeded < left) return;
  if (left > 0) std::memcpy(windows_.data(), windows_.data() + unneeded, left);
  windows_.resize(left);
  windows_begin_ = position;
}

}  // namespace accel::codec
