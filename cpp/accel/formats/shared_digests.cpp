#include "accel/formats/shared_digests.hpp"

#include "accel/base/error.hpp"

namespace accel::formats {

namespace {

/// Gives `hasher`, which has seen the bytes before hasher.length(), what it has not seen of `bytes` at `position`.
void catch_up(hash::Hasher& hasher, std::uint64_t position, ByteView bytes) {
  const std::uint64_t end = position + bytes.size();
  if (end <= hasher.length()) return;
  if (position > hasher.length()) throw Error("encoders of one layer were not fed in turn");
  hasher.update(bytes.subspan(static_cast<std::size_t>(hasher.length() - position)));
}

}  // namespace

void SharedDigests::join() {
  const std::lock_guard lock(mutex_);
  ++members_;
}

void SharedDigests::stream(std::uint64_t position, ByteView bytes) { catch_up(stream_, position, bytes); }

hash::Hasher SharedDigests::stream_after(std::uint64_t length) const {
  const std::lock_guard lock(mutex_);
  if (stream_.length() != length) throw Error("encoders of one layer wrote different streams");
  return stream_.copy();
}

void SharedDigests::file(std::uint64_t begin, std::uint64_t position, ByteView bytes) {
  if (begin != file_begin_) {
    file_ = hash::Hasher();
    file_begin_ = begin;
    file_digest_.reset();
  }
  catch_up(file_, position, bytes);
}

hash::Digest SharedDigests::file_digest(std::uint64_t begin) {
  if (begin != file_begin_) throw Error("encoders of one layer were not fed in turn");
  if (!file_digest_) file_digest_ = file_.copy().finish();
  return *file_digest_;
}

bool SharedDigests::claim(const StreamSpan& chunk) {
  const std::lock_guard lock(mutex_);
  if (members_ < 2) return true;
  const auto [found, first] = chunks_.try_emplace(chunk);
  if (first) found->second.takers = members_ - 1;
  // Encoders with other chunk sizes never ask for this one. The oldest goes; whoever still wants it hashes it again.
  if (chunks_.size() > kMaxChunks) chunks_.erase(chunks_.begin());
  return first;
}

void SharedDigests::publish(const StreamSpan& chunk, const hash::Digest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = chunks_.find(chunk);
  if (found != chunks_.end()) found->second.digest = digest;
}

std::optional<hash::Digest> SharedDigests::take(const StreamSpan& chunk) {
  const std::lock_guard lock(mutex_);
  const auto found = chunks_.find(chunk);
  if (found == chunks_.end()) return std::nullopt;
  const hash::Digest digest = found->second.digest;
  if (--found->second.takers == 0) chunks_.erase(found);
  if (digest.empty()) return std::nullopt;
  return digest;
}

}  // namespace accel::formats
