#include "accel/formats/nydus/rafs/v6_allocator.hpp"

namespace accel::formats::nydus::v6 {

void Allocator::remember(std::uint64_t offset) {
  const std::uint64_t used = offset % kBlockSize;
  if (used == 0) return;
  const auto units = static_cast<std::size_t>((kBlockSize - used) / kNidUnit);
  if (units > 0) free_[units].push_back(offset - used);
}

std::optional<std::uint64_t> Allocator::take(std::uint64_t size) {
  if (size >= kBlockSize) return std::nullopt;
  const auto need = static_cast<std::size_t>((size + kNidUnit - 1) / kNidUnit);
  for (std::size_t units = need; units < kSlots; ++units) {
    if (free_[units].empty()) continue;
    const std::uint64_t taken = free_[units].front() + kBlockSize - units * kNidUnit;
    free_[units].pop_front();
    remember(taken + need * kNidUnit);
    return taken;
  }
  return std::nullopt;
}

void Allocator::pad(std::uint64_t alignment) { offset_ = (offset_ + alignment - 1) / alignment * alignment; }

Allocator::Place Allocator::content(std::size_t head, std::uint64_t content) {
  Place place;
  const std::uint64_t tail = content % kBlockSize;
  place.inline_tail = tail != 0 && head + tail <= kBlockSize;
  if (place.inline_tail) {
    if (const auto taken = take(head + tail)) {
      place.inode = *taken;
    } else {
      if (kBlockSize - offset_ % kBlockSize < head + tail) {
        remember(offset_);
        pad(kBlockSize);
      }
      place.inode = offset_;
      offset_ += head + tail;
    }
    if (content != tail) {
      remember(offset_);
      pad(kBlockSize);
    }
    place.data = offset_;
    offset_ += content - tail;
  } else {
    if (const auto taken = take(head)) {
      place.inode = *taken;
    } else {
      place.inode = offset_;
      offset_ += head;
    }
    remember(offset_);
    pad(kBlockSize);
    place.data = offset_;
    offset_ += content;
    pad(kBlockSize);
  }
  pad(kNidUnit);
  return place;
}

std::uint64_t Allocator::file(std::size_t head, std::uint64_t chunks) {
  const std::uint64_t size = (head + 7) / 8 * 8 + chunks * kChunkIndexSize;
  if (const auto taken = take(size)) {
    pad(kNidUnit);
    return *taken;
  }
  const std::uint64_t at = offset_;
  offset_ += size;
  pad(kNidUnit);
  return at;
}

std::uint64_t Allocator::special(std::size_t head) {
  const std::uint64_t at = offset_;
  offset_ += head;
  pad(kNidUnit);
  return at;
}

}  // namespace accel::formats::nydus::v6
