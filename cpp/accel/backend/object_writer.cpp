#include "accel/backend/object_writer.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"

namespace accel::backend {

namespace {

constexpr std::size_t kMaxParts = 10'000;  // of S3 and OSS
/// After so many parts their size doubles, so that a stream of any length fits: 7.8 GiB of parts of 8 MiB, 15.6 GiB of
/// 16 MiB … Up to there all parts have one size, as some stores (Cloudflare R2) want it.
constexpr std::size_t kPartsOfOneSize = 1000;

std::string random_key(const std::string& prefix) {
  std::array<std::byte, 16> raw;
  if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
    throw StoreError("make a random name for", "an upload", errno);
  }
  return prefix + ".accel-upload-" + hex_encode(raw);
}

class ObjectWriter final : public oci::BlobWriter {
 public:
  ObjectWriter(std::shared_ptr<ObjectPlace> place, std::uint64_t size_hint, const CancelToken& cancel)
      : place_(std::move(place)),
        cancel_(cancel),
        parts_cancel_(cancel),
        subject_("blob to " + place_->name),
        part_bytes_(place_->part_bytes) {
    buffer_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(size_hint, part_bytes_)));
  }

  ~ObjectWriter() override {
    wait_for_parts();
    clean_up();
  }

  void write(ByteView bytes) override {
    cancel_.check();
    while (!bytes.empty()) {
      // Sent only when more follows: a blob of exactly one part is still a small one.
      if (buffer_.size() == part_bytes_) send_part();
      const std::size_t count = std::min(bytes.size(), part_bytes_ - buffer_.size());
      buffer_.append(bytes.first(count));
      written_ += count;
      bytes = bytes.subspan(count);
    }
  }

  void commit(const oci::Digest& digest, std::uint64_t size) override {
    const std::string subject = "blob " + digest.short_string() + " to " + place_->name;
    if (size != written_) {
      throw DigestMismatch(subject, digest.to_string() + " of " + std::to_string(size) + " bytes", "other content",
                           written_);
    }
    const std::string key = place_->key(digest);
    if (!place_->has_blob(digest, size, cancel_)) {
      if (upload_.empty()) {
        place_->client.put(key, buffer_.view(), subject, cancel_);
      } else {
        finish_upload(key, subject);
      }
    }
    wait_for_parts();
    parts_.clear();
    // The blob is there; nobody waits for an end, so there is time for more than one try.
    if (completed_) attempt([&] { place_->client.remove(temporary_key_, subject, {}, cancel_); });
    completed_ = false;
    clean_up();
    buffer_ = Buffer();
  }

 private:
  void finish_upload(const std::string& key, const std::string& subject) {
    if (!buffer_.empty()) send_part();
    std::vector<std::string> tags;
    for (auto& part : parts_) tags.push_back(part.get());
    // From here on a failure may leave the object instead of the upload: both are cleaned up.
    completed_ = true;
    place_->client.complete_upload(temporary_key_, upload_, tags, written_, subject, cancel_);
    upload_.clear();
    place_->copy(temporary_key_, key, written_, subject, cancel_);
  }

  /// Hands the buffer to a sender. Waits while as many bytes as allowed are under way.
  void send_part() {
    if (upload_.empty()) {
      temporary_key_ = random_key(place_->prefix);
      upload_ = place_->client.begin_upload(temporary_key_, subject_, cancel_);
    }
    rethrow_failure();
    if (parts_.size() == kMaxParts) {
      throw UnsupportedError(subject_ + ": more than " + std::to_string(kMaxParts) + " parts");
    }
    MemoryLease lease = place_->in_flight.acquire(buffer_.size(), cancel_);
    struct Job {
      Buffer content;
      MemoryLease lease;
    };
    auto job = std::make_shared<Job>(Job{std::move(buffer_), std::move(lease)});
    buffer_ = Buffer();
    const std::size_t number = parts_.size() + 1;
    parts_.push_back(place_->senders.submit([this, job = std::move(job), number]() mutable {
      // Given back at the end of the request, not with the future, which lives until the commit.
      const auto mine = std::move(job);
      return place_->client.upload_part(temporary_key_, upload_, number, mine->content.view(), subject_,
                                        parts_cancel_.token());
    }));
    if (number % kPartsOfOneSize == 0) part_bytes_ *= 2;
    buffer_.reserve(std::min(part_bytes_, place_->part_bytes));
  }

  /// The first failure of a part ends the blob as soon as it is known.
  void rethrow_failure() {
    for (; checked_ < parts_.size(); ++checked_) {
      auto& part = parts_[checked_];
      if (part.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
      std::promise<std::string> known;
      known.set_value(part.get());
      part = known.get_future();
    }
  }

  void wait_for_parts() {
    parts_cancel_.cancel();
    for (auto& part : parts_) {
      if (part.valid()) part.wait();
    }
  }

  /// Leaves no upload and no object of the temporary name.
  void clean_up() noexcept {
    const auto limit = clean_up_limit(cancel_);
    if (!upload_.empty()) {
      attempt([&] { place_->client.abort_upload(temporary_key_, upload_, subject_, limit); });
      upload_.clear();
    }
    // Not the job's own token: it may be the reason for the end.
    if (completed_) attempt([&] { place_->client.remove(temporary_key_, subject_, limit, CancelToken()); });
    completed_ = false;
  }

  template <class Work>
  void attempt(Work work) noexcept {
    try {
      work();
    } catch (const std::exception& error) {
      place_->log->warning("an unfinished upload was left behind",
                           {{"place", place_->name}, {"object", temporary_key_}, {"because", error.what()}});
    }
  }

  const std::shared_ptr<ObjectPlace> place_;
  const CancelToken cancel_;
  CancelSource parts_cancel_;  ///< stops the parts when the writer goes
  const std::string subject_;
  std::size_t part_bytes_;  ///< of the part that is being filled
  Buffer buffer_;
  std::uint64_t written_ = 0;
  std::string temporary_key_, upload_;  ///< upload_: "" = none is open
  bool completed_ = false;              ///< there may be an object of the temporary name
  std::deque<std::future<std::string>> parts_;
  std::size_t checked_ = 0;  ///< parts known to have arrived
};

}  // namespace

std::unique_ptr<oci::BlobWriter> make_object_writer(std::shared_ptr<ObjectPlace> place, std::uint64_t size_hint,
                                                    const CancelToken& cancel) {
  return std::make_unique<ObjectWriter>(std::move(place), size_hint, cancel);
}

}  // namespace accel::backend
