#include "accel/formats/nydus/forward_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/io/range.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kPiece = 1U << 20U;

}  // namespace

ForwardReader::ForwardReader(std::shared_ptr<io::ByteSource> source, Mode mode, CancelToken cancel)
    : source_(std::move(source)), mode_(mode), cancel_(std::move(cancel)) {}

ByteView ForwardReader::read(std::uint64_t offset, std::size_t size) {
  io::check_range(offset, size, source_->size(), "nydus blob");
  cancel_.check();
  if (mode_ == Mode::ranges || offset < window_begin_) {
    range_.resize(size);
    source_->read_at(offset, {range_.data(), size});
    return range_.view();
  }
  if (offset + size > position_) {
    skip_to(offset);
    drop_before(offset);
    while (position_ < offset + size) append(kPiece);
  }
  return window_.view().subspan(static_cast<std::size_t>(offset - window_begin_), size);
}

void ForwardReader::skip_to(std::uint64_t offset) {
  while (position_ < offset) {
    drop_before(position_);
    append(offset - position_);
  }
}

void ForwardReader::drop_before(std::uint64_t offset) {
  const auto kept = static_cast<std::size_t>(position_ - offset);
  if (kept != 0) std::memmove(window_.data(), window_.data() + (window_.size() - kept), kept);
  window_.resize(kept);
  window_begin_ = offset;
}

void ForwardReader::append(std::uint64_t most) {
  cancel_.check();
  const auto count = static_cast<std::size_t>(std::min({most, kPiece, source_->size() - position_}));
  const std::size_t filled = window_.size();
  window_.resize(filled + count);
  source_->read_at(position_, {window_.data() + filled, count});
  hash(window_.view().subspan(filled));
  position_ += count;
}

void ForwardReader::hash(ByteView piece) {
  if (watched_ && *watched_ >= position_ && *watched_ - position_ < piece.size()) {
    const auto head = static_cast<std::size_t>(*watched_ - position_);
    hasher_.update(piece.first(head));
    watched_digest_ = hasher_.copy().finish();
    piece = piece.subspan(head);
  }
  hasher_.update(piece);
}

ForwardReader::Digests ForwardReader::finish() {
  skip_to(source_->size());
  if (watched_ == source_->size()) watched_digest_ = hasher_.copy().finish();
  return {hasher_.finish(), watched_digest_};
}

}  // namespace accel::formats::nydus
