#include "accel/formats/unit_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::formats {

namespace {

constexpr std::size_t kWindow = 1U << 20U;

}  // namespace

ByteView BlobReader::peek(std::uint64_t end) {
  if (begin_ == end_) {
    cancel_.check();
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, blob_.size() - read_));
    window_.resize(count);
    blob_.read_at(read_, {window_.data(), count});
    hasher_.update(window_.view());
    read_ += count;
    begin_ = 0;
    end_ = count;
  }
  const std::uint64_t left = end - std::min(end, position());
  return window_.view().subspan(begin_, static_cast<std::size_t>(std::min<std::uint64_t>(end_ - begin_, left)));
}

hash::Digest BlobReader::finish() {
  while (true) {
    const ByteView rest = peek(blob_.size());
    if (rest.empty()) break;
    consume(rest.size());
  }
  return hasher_.finish();
}

/// The compressed bytes between two offsets.
class UnitStream::Segment final : public io::ByteStream {
 public:
  Segment(BlobReader& blob, std::uint64_t begin, std::uint64_t end) : blob_(blob), begin_(begin), end_(end) {}

  std::size_t read(MutableByteView out) override {
    const ByteView available = blob_.peek(end_);
    const std::size_t count = std::min(out.size(), available.size());
    if (count > 0) std::memcpy(out.data(), available.data(), count);
    blob_.consume(count);
    return count;
  }
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }

 private:
  BlobReader& blob_;
  const std::uint64_t begin_;
  const std::uint64_t end_;
};

UnitStream::UnitStream(BlobReader& blob, codec::Compression compression, std::vector<std::uint64_t> offsets,
                       std::uint64_t end, const codec::DecodeLimits& limits)
    : blob_(blob), compression_(compression), offsets_(std::move(offsets)), end_(end), limits_(limits) {}

UnitStream::~UnitStream() = default;

bool UnitStream::next_segment() {
  const std::size_t next = begins_.size();
  if (next == offsets_.size()) return false;
  begins_.push_back(length());
  segment_ = std::make_unique<Segment>(blob_, offsets_[next], next + 1 < offsets_.size() ? offsets_[next + 1] : end_);
  decoder_ = codec::make_decoder(compression_, *segment_, limits_);
  return true;
}

std::size_t UnitStream::read(MutableByteView out) {
  if (out.empty()) return 0;
  while (decoder_ || next_segment()) {
    std::size_t count = 0;
    try {
      count = decoder_->read(out);
    } catch (const FormatError& error) {
      FormatError::Where where = error.where();
      where.offset = segment_->begin() + where.offset.value_or(0);
      throw FormatError(error.message(), std::move(where), error.hint());
    }
    if (count > 0) {
      hasher_.update(out.first(count));
      if (length() > limits_.max_bytes) {
        throw FormatError("the layer decompresses to more than " + std::to_string(limits_.max_bytes) + " bytes");
      }
      return count;
    }
    decoder_.reset();
  }
  return 0;
}

std::uint64_t UnitStream::begin_of(std::uint64_t offset) {
  while (asked_ < offsets_.size() && offsets_[asked_] < offset) ++asked_;
  if (asked_ >= begins_.size() || offsets_[asked_] != offset) {
    throw FormatError("no unit that was read begins here", FormatError::Where{{}, {}, offset});
  }
  return begins_[asked_];
}

}  // namespace accel::formats
