#include "accel/convert/streamed_source.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/range.hpp"

namespace accel::convert {

namespace {

/// Readers first look for magic bytes at the start of a blob: that is no reason to stream all of it.
constexpr std::size_t kLook = 64;

}  // namespace

StreamedSource::StreamedSource(oci::Repository& repository, const oci::Descriptor& blob, JobState& job,
                               const CancelToken& cancel, std::string_view kind)
    : repository_(repository), blob_(blob), job_(job), kind_(kind), stop_(cancel) {}

StreamedSource::~StreamedSource() { stop_.cancel(); }

void StreamedSource::read_at(std::uint64_t offset, MutableByteView out) {
  io::check_range(offset, out.size(), blob_.size, "blob " + blob_.digest.short_string());
  if (out.empty() || read_streamed(offset, out)) return;
  read_range(offset, out);
}

bool StreamedSource::read_streamed(std::uint64_t offset, MutableByteView out) {
  const std::lock_guard lock(stream_mutex_);
  if (!ahead_) {
    if (offset != 0 || (out.size() <= kLook && out.size() < blob_.size)) return false;
    start();
  }
  const std::uint64_t block_end = block_start_ + block_.size();
  if (offset < block_start_ || offset > block_end) return false;
  while (!out.empty()) {
    if (offset == block_start_ + block_.size()) next_block();
    const ByteView bytes = block_.subspan(static_cast<std::size_t>(offset - block_start_));
    const std::size_t count = std::min(bytes.size(), out.size());
    std::memcpy(out.data(), bytes.data(), count);
    offset += count;
    out = out.subspan(count);
  }
  // The last byte is out: the stream's own end brings its verdict on the whole blob.
  if (offset == blob_.size) {
    ahead_->skip(block_.size());
    ahead_->drain();
    block_ = {};
    block_start_ = blob_.size;
  }
  return true;
}

void StreamedSource::start() {
  stream_ = repository_.open_blob(blob_, stop_.token());
  ReadAheadOptions options;
  options.busy = &job_.tally.pull;
  const std::string id = blob_.digest.to_string();
  options.on_read = [this, id, done = std::uint64_t{0}](std::size_t bytes) mutable {
    job_.tally.read += bytes;
    done += bytes;
    job_.reporter.event(kind_, id, ProgressState::running, done, blob_.size);
  };
  ahead_.emplace(*stream_, std::move(options), stop_.token());
}

void StreamedSource::next_block() {
  ahead_->skip(block_.size());
  block_start_ += block_.size();
  block_ = ahead_->peek();
  if (block_.empty()) {
    throw FormatError("blob " + blob_.digest.short_string() + " ends after " + std::to_string(block_start_) +
                      " bytes, its descriptor says " + std::to_string(blob_.size));
  }
}

void StreamedSource::read_range(std::uint64_t offset, MutableByteView out) {
  {
    const std::lock_guard lock(ranges_mutex_);
    if (!ranges_) ranges_ = repository_.blob_source(blob_, stop_.token());
  }
  ranges_->read_at(offset, out);
  job_.tally.read += out.size();
}

}  // namespace accel::convert
