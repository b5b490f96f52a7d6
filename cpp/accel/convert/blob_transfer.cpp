#include "accel/convert/blob_transfer.hpp"

#include "accel/base/error.hpp"
#include "accel/convert/read_ahead.hpp"
#include "accel/convert/written_again.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kCopyPiece = 1U << 20U;

/// A failure of the target that another way of sending may not have.
bool is_worth_another_way(const RegistryError& error) {
  return dynamic_cast<const Unauthorized*>(&error) == nullptr && dynamic_cast<const TlsError*>(&error) == nullptr;
}

class BlobCopy {
 public:
  BlobCopy(const oci::Descriptor& blob, oci::Repository& from, oci::Repository& to, JobState& job,
           const std::string& id, const CancelToken& cancel)
      : blob_(blob), from_(from), to_(to), job_(job), id_(id), cancel_(cancel) {}

  /// Streams the blob through; if the target breaks that off, once more in pieces that can resume.
  void run() {
    try {
      return attempt(Way::stream);
    } catch (const RegistryError& error) {
      if (!target_failed_ || !is_worth_another_way(error)) throw;
      cancel_.check();
    }
    written_again([&] { attempt(Way::pieces); });
  }

 private:
  enum class Way : unsigned char { stream, pieces };

  template <class F>
  auto at_target(F&& work) {
    const BusyClock::Scope busy(&job_.tally.push);
    try {
      return work();
    } catch (...) {
      target_failed_ = true;
      throw;
    }
  }

  void attempt(Way way) {
    // A source that fails must not leave this thread waiting in the target, nor the other way round.
    CancelSource stop(cancel_);
    const auto stream = from_.open_blob(blob_, stop.token());
    const auto writer = at_target([&] {
      return way == Way::stream ? to_.stream_blob(blob_, stop.token()) : to_.create_blob(blob_.size, stop.token());
    });
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

  const oci::Descriptor& blob_;
  oci::Repository& from_;
  oci::Repository& to_;
  JobState& job_;
  const std::string& id_;
  const CancelToken& cancel_;
  bool target_failed_ = false;
};

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
  BlobCopy(blob, from, to, job, id, cancel).run();
  job.reporter.event("push", id, ProgressState::done, blob.size, blob.size);
  return Transfer::copied;
}

void copy_blob(const oci::Descriptor& blob, oci::Repository& from, backend::BlobBackend& to, JobState& job,
               const CancelToken& cancel) {
  const auto stream = from.open_blob(blob, cancel);
  const auto writer = to.create_blob(blob.size, cancel);
  Buffer piece;
  piece.resize(kCopyPiece);
  for (;;) {
    const std::size_t count = stream->read({piece.data(), piece.size()});
    if (count == 0) break;
    job.tally.read += count;
    const BusyClock::Scope busy(&job.tally.push);
    writer->write(piece.view().first(count));
    job.tally.uploaded += count;
  }
  writer->commit(blob.digest, blob.size);
}

}  // namespace accel::convert
