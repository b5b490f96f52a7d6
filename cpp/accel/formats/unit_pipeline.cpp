#include "accel/formats/unit_pipeline.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace accel::formats {

namespace {

constexpr std::size_t kBatchBytes = 256U << 10U;
/// With min_unit_bytes a batch must hold several units, or the smallest legal one could not be found.
constexpr std::size_t kMergedBatchBytes = 4U << 20U;
constexpr std::size_t kUnitsPerMergedBatch = 4;
/// Room for what follows a chunk in its unit: padding and headers (LayerWriter cuts longer runs).
constexpr std::size_t kHeadroom = 160U << 10U;

std::size_t batch_bytes(const UnitPipeline::Options& options) {
  if (options.min_unit_bytes == 0) return kBatchBytes;
  return std::max(kMergedBatchBytes, kUnitsPerMergedBatch * options.min_unit_bytes);
}

}  // namespace

struct UnitPipeline::Job {
  /// queued → running → done, or queued → dropped.
  enum class State : std::uint8_t { queued, running, done, dropped };

  Batch batch;
  std::vector<MemoryLease> leases;
  State state = State::queued;  // guarded by Core::mutex; `batch` and `leases` belong to whom the state says
  std::exception_ptr error;
};

/// What worker threads share with the pipeline; outlives it while a dropped job waits in the pool's queue.
struct UnitPipeline::Core {
  CancelToken cancel;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> in_flight;  // in blob order
  bool closed = false;                         // no more jobs will come
  bool aborted = false;
  std::exception_ptr error;
  // Copies that MemoryBudget may ask for under its own lock.
  std::atomic<std::size_t> in_flight_count{0};
  std::atomic<bool> failed{false};

  void fail(std::exception_ptr reason) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(reason);
    failed = true;
    changed.notify_all();
  }
  void rethrow_if_failed() {
    const std::lock_guard lock(mutex);
    if (error) std::rethrow_exception(error);
  }
};

UnitPipeline::UnitPipeline(std::shared_ptr<UnitEncoderPool> encoders, io::ByteSink& sink, const EncodeContext& context,
                           Options options, OnBatch on_batch)
    : encoders_(std::move(encoders)),
      sink_(sink),
      pool_(context.pool),
      budget_(context.budget),
      options_(std::move(options)),
      on_batch_(std::move(on_batch)),
      batch_bytes_(batch_bytes(options_)),
      core_(std::make_shared<Core>()) {
  core_->cancel = context.cancel;
  writer_ = std::thread([this] { write_in_order(); });
}

UnitPipeline::~UnitPipeline() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->aborted = true;
    for (const auto& job : core_->in_flight) {
      // A worker that meets a dropped job touches nothing of it.
      if (job->state == Job::State::queued) job->state = Job::State::dropped;
    }
    core_->changed.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  std::unique_lock lock(core_->mutex);
  core_->changed.wait(lock, [this] {
    return std::none_of(core_->in_flight.begin(), core_->in_flight.end(),
                        [](const auto& job) { return job->state == Job::State::running; });
  });
  // Memory goes back here and now: a worker may be the last to let go of a job or of the core, long after the budget
  // is gone, and should not be the one that ends an exception that another thread looks at.
  for (const auto& job : core_->in_flight) {
    job->batch = {};
    job->leases.clear();
    job->error = nullptr;
  }
  core_->in_flight.clear();
  core_->error = nullptr;
}

void UnitPipeline::open_batch(std::size_t expected_bytes) {
  const std::size_t limit = 2 * pool_.size() + 4;
  {
    std::unique_lock lock(core_->mutex);
    core_->changed.wait(lock, [&] { return core_->error || core_->in_flight.size() < limit; });
  }
  core_->cancel.check();
  core_->rethrow_if_failed();
  const std::size_t room = std::max(batch_bytes_, expected_bytes) + kHeadroom;
  auto job = std::make_shared<Job>();
  job->leases.push_back(budget_.acquire(room, core_->cancel,
                                        [core = core_.get()] { return core->in_flight_count == 0 || core->failed; }));
  core_->rethrow_if_failed();
  job->batch.input.reserve(room);
  open_ = std::move(job);
}

void UnitPipeline::begin_unit(std::size_t expected_bytes, bool forced) {
  if (open_) {
    Batch& batch = open_->batch;
    const bool merging = options_.min_unit_bytes > 0;
    // Decided by sizes alone: with min_unit_bytes the bounds of batches are seen in the output.
    const bool full =
        merging ? batch.input.size() >= batch_bytes_ || forced : batch.input.size() + expected_bytes > batch_bytes_;
    if (full && !batch.input.empty()) submit();
  }
  if (!open_) open_batch(expected_bytes);
  std::vector<std::size_t>& cuts = open_->batch.cuts;
  const std::size_t begin = open_->batch.input.size();
  if (cuts.empty() || cuts.back() != begin) cuts.push_back(begin);
}

void UnitPipeline::append(ByteView bytes) {
  if (!open_) begin_unit(bytes.size());
  Buffer& input = open_->batch.input;
  if (input.size() + bytes.size() > input.capacity()) {
    const std::size_t grown = std::max(input.size() + bytes.size(), input.capacity() + input.capacity() / 2);
    open_->leases.push_back(budget_.acquire_now(grown - input.capacity()));
    input.reserve(grown);
  }
  input.append(bytes);
}

void UnitPipeline::begin_chunk(std::uint64_t stream_offset) {
  chunk_begin_ = open_->batch.input.size();
  chunk_stream_offset_ = stream_offset;
}

ByteView UnitPipeline::chunk() const { return open_->batch.input.view().subspan(chunk_begin_); }

std::size_t UnitPipeline::end_chunk(bool hashed) {
  Batch& batch = open_->batch;
  batch.chunks.push_back({chunk_begin_, batch.input.size() - chunk_begin_, chunk_stream_offset_, hashed, {}, 0});
  return batch.chunks.size() - 1;
}

void UnitPipeline::add_record(TocRecord record) {
  if (!open_) begin_unit(0);
  open_->batch.records.push_back(std::move(record));
}

std::size_t UnitPipeline::unit_size() const noexcept {
  return open_ ? open_->batch.input.size() - open_->batch.cuts.back() : 0;
}

void UnitPipeline::submit() {
  const std::shared_ptr<Job> job = std::move(open_);
  // A unit that was begun and got no bytes.
  if (job->batch.cuts.back() == job->batch.input.size()) job->batch.cuts.pop_back();
  if (job->batch.cuts.empty()) return;
  {
    const std::lock_guard lock(core_->mutex);
    core_->in_flight.push_back(job);
    ++core_->in_flight_count;
  }
  pool_.submit(
      [job, core = core_, encoders = encoders_, min_bytes = options_.min_unit_bytes, shared = options_.shared] {
        {
          const std::lock_guard lock(core->mutex);
          if (job->state != Job::State::queued) return;
          job->state = Job::State::running;
        }
        try {
          if (!core->failed) encode_batch(job->batch, *encoders, min_bytes, shared.get(), core->cancel);
        } catch (...) {
          job->error = std::current_exception();
        }
        const std::lock_guard lock(core->mutex);
        job->state = Job::State::done;
        core->changed.notify_all();
      });
}

/// Runs on the writer thread. After a failure it goes on taking jobs, to give their memory back, and drops them.
void UnitPipeline::write_in_order() {
  for (;;) {
    std::shared_ptr<Job> job;
    bool failed = false;
    {
      std::unique_lock lock(core_->mutex);
      const auto head_is_done = [&] {
        return !core_->in_flight.empty() && core_->in_flight.front()->state == Job::State::done;
      };
      core_->changed.wait(
          lock, [&] { return core_->aborted || head_is_done() || (core_->closed && core_->in_flight.empty()); });
      if (core_->aborted || !head_is_done()) return;
      job = core_->in_flight.front();
      failed = core_->error != nullptr;
    }
    try {
      if (!failed) {
        if (job->error) std::rethrow_exception(std::exchange(job->error, nullptr));
        core_->cancel.check();
        on_batch_(job->batch, written_);
        sink_.write(job->batch.output.view());
        written_ += job->batch.output.size();
      }
    } catch (...) {
      core_->fail(std::current_exception());
    }
    {
      const std::lock_guard lock(core_->mutex);
      core_->in_flight.pop_front();
      --core_->in_flight_count;
      core_->changed.notify_all();
    }
    // Last, because a feeder that waits for memory looks at in_flight_count when memory comes back.
    job->batch = {};
    job->leases.clear();
  }
}

std::uint64_t UnitPipeline::finish() {
  if (open_) submit();
  {
    const std::lock_guard lock(core_->mutex);
    core_->closed = true;
    core_->changed.notify_all();
  }
  writer_.join();
  core_->rethrow_if_failed();
  return written_;
}

}  // namespace accel::formats
