#include "accel/formats/zstdchunked/chunker.hpp"

#include <algorithm>
#include <cstring>

namespace accel::formats::zstdchunked {

namespace {

constexpr std::array<std::byte, Chunker::kMinHole> kZeros{};

/// Zero bytes at the front.
std::size_t leading_zeros(ByteView bytes) noexcept {
  std::size_t count = 0;
  std::uint64_t word = 0;
  for (; count + sizeof word <= bytes.size(); count += sizeof word) {
    std::memcpy(&word, bytes.data() + count, sizeof word);
    if (word != 0) break;
  }
  while (count < bytes.size() && bytes[count] == std::byte{0}) ++count;
  return count;
}

std::size_t trailing_zeros(ByteView bytes) noexcept {
  std::size_t count = 0;
  while (count < bytes.size() && bytes[bytes.size() - 1 - count] == std::byte{0}) ++count;
  return count;
}

/// Start of the first run of zeros that is a hole or reaches the end of `bytes` (and may become one); bytes.size() when
/// there is none. Such a run inside covers a whole probe position, so most bytes are never looked at.
std::size_t find_run(ByteView bytes) noexcept {
  constexpr std::size_t kStep = Chunker::kMinHole;
  for (std::size_t probe = kStep - 1; probe < bytes.size(); probe += kStep) {
    if (bytes[probe] != std::byte{0}) continue;
    const std::size_t before = trailing_zeros(bytes.first(probe));
    const std::size_t after = leading_zeros(bytes.subspan(probe));
    if (before + after >= Chunker::kMinHole || probe + after == bytes.size()) return probe - before;
  }
  return bytes.size() - trailing_zeros(bytes);
}

}  // namespace

bool RollingChecksum::roll(std::uint32_t in) noexcept {
  const std::uint32_t out = window_[oldest_];
  window_[oldest_] = static_cast<std::uint8_t>(in);
  oldest_ = (oldest_ + 1) % kWindow;
  s1_ += in - out;
  s2_ += s1_ - static_cast<std::uint32_t>(kWindow) * (out + kCharOffset);
  return is_boundary();
}

std::size_t RollingChecksum::roll_to_boundary(ByteView bytes, bool& at_boundary) noexcept {
  const std::size_t from_window = std::min(bytes.size(), kWindow);
  for (std::size_t i = 0; i < from_window; ++i) {
    at_boundary = roll(std::to_integer<std::uint32_t>(bytes[i]));
    if (at_boundary) return i + 1;
  }
  at_boundary = false;
  if (bytes.size() <= kWindow) return bytes.size();

  // From here on the byte that leaves the window is in `bytes` too.
  std::uint32_t s1 = s1_;
  std::uint32_t s2 = s2_;
  std::size_t i = kWindow;
  while (i < bytes.size()) {
    const auto out = std::to_integer<std::uint32_t>(bytes[i - kWindow]);
    s1 += std::to_integer<std::uint32_t>(bytes[i]) - out;
    s2 += s1 - static_cast<std::uint32_t>(kWindow) * (out + kCharOffset);
    ++i;
    if ((s2 & 0xFFFFU) == 0xFFFFU) {
      at_boundary = true;
      break;
    }
  }
  s1_ = s1;
  s2_ = s2;
  std::memcpy(window_.data(), bytes.data() + i - kWindow, kWindow);
  oldest_ = 0;
  return i;
}

void RollingChecksum::roll_zeros(std::uint64_t count) noexcept {
  const std::uint64_t first = std::min<std::uint64_t>(count, kWindow);
  for (std::uint64_t i = 0; i < first; ++i) roll(0);
  // A window of zeros rolls to itself: s1 stays, and each step adds the same to s2.
  const auto steps = static_cast<std::uint32_t>(count - first);
  s2_ += steps * (s1_ - static_cast<std::uint32_t>(kWindow) * kCharOffset);
}

void Chunker::feed(ByteView bytes, ChunkVisitor& visitor) {
  if (zeros_ > 0) {
    const std::size_t more = leading_zeros(bytes);
    take_zeros(more, visitor);
    bytes = bytes.subspan(more);
    if (bytes.empty()) return;
    end_run(visitor);
  }
  while (!bytes.empty()) {
    const std::size_t run = find_run(bytes);
    take_data(bytes.first(run), visitor);
    const std::size_t zeros = leading_zeros(bytes.subspan(run));
    take_zeros(zeros, visitor);
    bytes = bytes.subspan(run + zeros);
    if (!bytes.empty()) end_run(visitor);
  }
}

void Chunker::take_zeros(std::uint64_t count, ChunkVisitor& visitor) {
  if (count == 0) return;
  const bool was_hole = zeros_ >= kMinHole;
  zeros_ += count;
  if (zeros_ < kMinHole) return;
  if (!was_hole && in_chunk_) {
    visitor.boundary();
    in_chunk_ = false;
  }
  const std::uint64_t fresh = was_hole ? count : zeros_;
  rolling_.roll_zeros(fresh);
  visitor.hole(fresh);
}

/// A byte that is not zero follows: the run was a hole, or data after all.
void Chunker::end_run(ChunkVisitor& visitor) {
  const std::uint64_t zeros = zeros_;
  zeros_ = 0;
  if (zeros >= kMinHole) {
    visitor.boundary();
  } else {
    take_data(ByteView(kZeros).first(static_cast<std::size_t>(zeros)), visitor);
  }
}

void Chunker::take_data(ByteView bytes, ChunkVisitor& visitor) {
  while (!bytes.empty()) {
    bool at_boundary = false;
    const std::size_t taken = rolling_.roll_to_boundary(bytes, at_boundary);
    visitor.data(bytes.first(taken));
    in_chunk_ = !at_boundary;
    if (at_boundary) visitor.boundary();
    bytes = bytes.subspan(taken);
  }
}

void Chunker::finish(ChunkVisitor& visitor) {
  if (zeros_ < kMinHole) take_data(ByteView(kZeros).first(static_cast<std::size_t>(zeros_)), visitor);
  *this = Chunker();
}

}  // namespace accel::formats::zstdchunked
