#include "accel/convert/blob_transfer.hpp"

#include "accel/convert/read_ahead.hpp"

namespace accel::convert {

namespace {

void copy_blob(const oci::Descriptor& blob, oci::Repository& from, oci::Repository& to, JobState& job,
               const std::string& id, const CancelToken& cancel) {
  // A source that fails must not leave this thread waiting in the target, nor the other way round.
  CancelSource stop(cancel);
  const auto stream = from.open_blob(blob, stop.token());
  const auto writer = to.create_blob(blob.size, stop.token());
  Tally& tally = job.tally;
  ReadAheadOptions options;
  options.busy = &tally.pull;
  options.on_read = [&tally](std::size_t bytes) { tally.read += bytes; };
  ReadAhead ahead(*stream, options, stop.token());
  try {
    std::uint64_t done = 0;
    for (ByteView bytes = ahead.peek(); !bytes.empty(); bytes = ahead.peek()) {
      const BusyClock::Scope busy(&tally.push);
      writer->write(bytes);
      ahead.skip(bytes.size());
      done += bytes.size();
      tally.uploaded += bytes.size();
      job.reporter.event("push", id, ProgressState::running, done, blob.size);
    }
    const BusyClock::Scope busy(&tally.push);
    writer->commit(blob.digest, blob.size);
  } catch (...) {
    stop.cancel();
    throw;
  }
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
  copy_blob(blob, from, to, job, id, cancel);
  job.reporter.event("push", id, ProgressState::done, blob.size, blob.size);
  return Transfer::copied;
}

}  // namespace accel::convert
