#include "accel/convert/blob_transfer.hpp"

#include <functional>
#include <memory>

#include "accel/base/error.hpp"
#include "accel/convert/read_ahead.hpp"
#include "accel/convert/written_again.hpp"

namespace accel::convert {

namespace {

/// A failure of the target that another way of sending may not have.
bool is_worth_another_way(const RegistryError& error) {
  return dynamic_cast<const Unauthorized*>(&error) == nullptr && dynamic_cast<const TlsError*>(&error) == nullptr;
}

using MakeWriter = std::function<std::unique_ptr<oci::BlobWriter>(const CancelToken& cancel)>;

/// Streams one blob of `from` into the writer it is given.
class BlobCopy {
 public:
  BlobCopy(const oci::Descriptor& blob, oci::Repository& from, JobState& job, const std::string& id,
           const CancelToken& cancel)
      : blob_(blob), from_(from), job_(job), id_(id), cancel_(cancel) {}

  void attempt(const MakeWriter& make_writer) {
    // A source that fails must not leave this thread waiting in the target, nor the other way round.
    CancelSource stop(cancel_);
    const auto stream = from_.open_blob(blob_, stop.token());
    const auto writer = at_target([&] { return make_writer(stop.token()); });
    Tally& tally = job_.tally;
    ReadAheadOptions options;
    options.busy = &tally.pull;
    options.on_read = [&tally](std::size_t bytes) { tally.read += bytes; };
    ReadAhead ahead(*stream, options, stop.token());
    try {
      std::uint64_t done = 0;
      for (ByteView bytes = ahead.peek(); !bytes.empty(); bytes = ahead.peek()) {
        at_target([&] { writer->write(bytes); });
        ahead.skip(bytes.size());
        done += bytes.size();
        tally.uploaded += bytes.size();
        job_.reporter.event("push", id_, ProgressState::running, done, blob_.size);
      }
      at_target([&] { writer->commit(blob_.digest, blob_.size); });
    } catch (...) {
      stop.cancel();
      throw;
    }
  }

  /// The last failure was the target's.
  [[nodiscard]] bool target_failed() const noexcept { return target_failed_; }

 private:
  template <class F>
  auto at_target(F&& work) -> decltype(work()) {
    const BusyClock::Scope busy(&job_.tally.push);
    try {
      return work();
    } catch (...) {
      target_failed_ = true;
      throw;
    }
  }

  const oci::Descriptor& blob_;
  oci::Repository& from_;
  JobState& job_;
  const std::string& id_;
  const CancelToken& cancel_;
  bool target_failed_ = false;
};

/// Copies into a repository; if that breaks the stream off, once more in pieces that can resume.
void copy_to_repository(BlobCopy& copy, const oci::Descriptor& blob, oci::Repository& to, const CancelToken& cancel) {
  try {
    return copy.attempt([&](const CancelToken& token) { return to.stream_blob(blob, token); });
  } catch (const RegistryError& error) {
    if (!copy.target_failed() || !is_worth_another_way(error)) throw;
    cancel.check();
  }
  written_again([&] { copy.attempt([&](const CancelToken& token) { return to.create_blob(blob.size, token); }); });
}

}  // namespace

Transfer transfer_blob(const oci::Descriptor& blob, oci::Repository& from, oci::Repository& to, JobState& job,
                       const std::string& id, const CancelToken& cancel) {
  cancel.check();
  if (to.has_blob(blob, cancel)) {
    job.reporter.event("push", id, ProgressState::skipped, blob.size, blob.size, "exists");
    return Transfer::existed;
  }
  if (to.mount_blob(blob, from, cancel)) {
    job.tally.mounted += blob.size;
    job.reporter.event("push", id, ProgressState::skipped, blob.size, blob.size, "mounted from " + from.name());
    return Transfer::mounted;
  }
  job.reporter.event("push", id, ProgressState::started, 0, blob.size);
  BlobCopy copy(blob, from, job, id, cancel);
  copy_to_repository(copy, blob, to, cancel);
  job.reporter.event("push", id, ProgressState::done, blob.size, blob.size);
  return Transfer::copied;
}

void copy_blob(const oci::Descriptor& blob, oci::Repository& from, backend::BlobBackend& to, JobState& job,
               const std::string& id, const CancelToken& cancel) {
  BlobCopy(blob, from, job, id, cancel).attempt([&](const CancelToken& token) {
    return to.create_blob(blob.size, token);
  });
}

}  // namespace accel::convert
