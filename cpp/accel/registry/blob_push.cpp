#include "accel/registry/blob_push.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/registry/blob_pull.hpp"
#include "accel/registry/upload_session.hpp"

namespace accel::registry {

namespace {

/// No registry asks for larger chunks; more memory is not given to one that does.
constexpr std::uint64_t kMaxChunk = 64U << 20U;
constexpr std::size_t kMinChunk = 64U << 10U;
constexpr int kMaxRestarts = 3;

class BlobPush final : public oci::BlobWriter {
 public:
  BlobPush(Place place, std::uint64_t size_hint, bool in_one_request, CancelToken cancel)
      : place_(std::move(place)),
        cancel_(std::move(cancel)),
        chunk_bytes_(std::max(place_.host->services().options.upload_chunk_bytes, kMinChunk)),
        streaming_(in_one_request && size_hint > chunk_bytes_) {
    if (size_hint > 0 && !streaming_)
      chunk_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(size_hint, chunk_bytes_)));
  }

  void write(ByteView bytes) override {
    cancel_.check();
    if (streaming_) {
      if (bytes.empty()) return;
      if (!session_) session_.emplace(UploadSession::start(place_, cancel_));
      session_->stream(bytes, cancel_);
      written_ += bytes.size();
      return;
    }
    while (!bytes.empty()) {
      // Sent only when more follows: a blob of exactly one chunk is still a small one.
      if (chunk_.size() == chunk_bytes_) {
        flush();
        if (streaming_) return write(bytes);
      }
      const std::size_t count = std::min(bytes.size(), chunk_bytes_ - chunk_.size());
      chunk_.append(bytes.first(count));
      written_ += count;
      bytes = bytes.subspan(count);
    }
  }

  void commit(const oci::Digest& digest, std::uint64_t size) override {
    if (size != written_) {
      throw DigestMismatch("blob to " + place_.name(), digest.to_string() + " of " + std::to_string(size) + " bytes",
                           "other content", written_);
    }
    if (session_) {
      if (!chunk_.empty()) flush();
      if (streaming_) session_->end_stream();
      finish_session(digest, size);
    } else {
      send_whole(digest, size);
    }
    session_.reset();
    chunk_ = Buffer();
  }

 private:
  void flush() {
    if (!session_) {
      session_.emplace(UploadSession::start(place_, cancel_));
      if (!place_.host->capabilities().chunked_uploads) return begin_stream();
      const std::uint64_t least = std::min(session_->min_chunk_bytes(), kMaxChunk);
      if (least > chunk_bytes_) {  // the registry wants larger chunks: this one goes on growing
        chunk_bytes_ = static_cast<std::size_t>(least);
        return;
      }
    }
    for (int restarts = 0;; ++restarts) {
      try {
        session_->send(chunk_.view(), cancel_);
        return chunk_.clear();
      } catch (const RegistryError& error) {
        const bool refused = error.fields().code == oci::kChunkRefused;
        const bool lost = error.fields().code == oci::kUploadLost;
        if (refused) place_.host->capabilities().chunked_uploads = false;  // the next blob is streamed at once
        if (refused && session_->offset() > 0) fail_refused(error);
        // As long as nothing but this chunk was sent, a lost session can be begun anew.
        if (!(refused || lost) || session_->offset() > 0 || restarts == kMaxRestarts) throw;
      }
      session_.reset();
      session_.emplace(UploadSession::start(place_, cancel_));
      if (!place_.host->capabilities().chunked_uploads) return begin_stream();
    }
  }

  void begin_stream() {
    streaming_ = true;
    session_->stream(chunk_.view(), cancel_);
    chunk_ = Buffer();
  }

  /// Refused in the middle: what was sent before is not at hand, but another try will stream.
  [[noreturn]] static void fail_refused(const RegistryError& error) {
    RegistryError::Fields fields = error.fields();
    fields.retryable = true;
    throw RegistryError(error.message(), std::move(fields), "try again: the blob will then be sent in one request");
  }

  void finish_session(const oci::Digest& digest, std::uint64_t size) {
    try {
      session_->commit(digest, {}, cancel_);
    } catch (const RegistryError& error) {
      if (error.fields().code != oci::kUploadLost) throw;
      // The answer to a first PUT may have been lost: then the session is gone because the blob is there.
      if (!has_blob(place_, {"", digest, size, {}, {}, {}, {}, {}}, cancel_)) throw;
    }
  }

  /// One request for the whole blob. After a broken one a new session is begun: what the old one holds is unknown.
  void send_whole(const oci::Digest& digest, std::uint64_t size) {
    if (has_blob(place_, {"", digest, size, {}, {}, {}, {}, {}}, cancel_)) return;
    net::Retry retry(place_.host->retry_policy(), place_.host->services().retry,
                     "blob " + digest.short_string() + " to " + place_.name(), cancel_);
    retry.run([&] { UploadSession::start(place_, cancel_).commit(digest, chunk_.view(), cancel_); });
  }

  Place place_;
  CancelToken cancel_;
  std::size_t chunk_bytes_;
  Buffer chunk_;  ///< what the registry has not confirmed
  std::uint64_t written_ = 0;
  std::optional<UploadSession> session_;
  bool streaming_;  ///< bytes go out as they come: that is what was asked for, or the host takes no chunks
};

}  // namespace

std::unique_ptr<oci::BlobWriter> create_blob(const Place& place, std::uint64_t size_hint, const CancelToken& cancel) {
  return std::make_unique<BlobPush>(place, size_hint, false, cancel);
}

std::unique_ptr<oci::BlobWriter> stream_blob(const Place& place, std::uint64_t size, const CancelToken& cancel) {
  return std::make_unique<BlobPush>(place, size, true, cancel);
}

}  // namespace accel::registry
