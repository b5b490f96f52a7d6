#include "accel/formats/ordered_pipeline.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace accel::formats {

/// A job on its way.
struct OrderedPipeline::Slot {
  /// queued → running → done, or queued → dropped.
  enum class State : std::uint8_t { queued, running, done, dropped };

  std::unique_ptr<Job> job;
  Leases leases;
  State state = State::queued;  // guarded by Core::mutex; the rest belongs to whom the state says
  std::exception_ptr error;
};

/// What worker threads share with the pipeline; outlives it while a dropped job waits in the pool's queue.
struct OrderedPipeline::Core {
  CancelToken cancel;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Slot>> in_flight;  // in order
  bool closed = false;                          // no more jobs will come
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

OrderedPipeline::OrderedPipeline(const EncodeContext& context)
    : pool_(context.pool), budget_(context.budget), core_(std::make_shared<Core>()) {
  core_->cancel = context.cancel;
  writer_ = std::thread([this] { write_in_order(); });
}

OrderedPipeline::~OrderedPipeline() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->aborted = true;
    for (const auto& slot : core_->in_flight) {
      // A worker that meets a dropped job touches nothing of it.
      if (slot->state == Slot::State::queued) slot->state = Slot::State::dropped;
    }
    core_->changed.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  std::unique_lock lock(core_->mutex);
  core_->changed.wait(lock, [this] {
    return std::none_of(core_->in_flight.begin(), core_->in_flight.end(),
                        [](const auto& slot) { return slot->state == Slot::State::running; });
  });
  // Memory goes back here and now: a worker may be the last to let go of a slot or of the core, long after the budget
  // is gone, and should not be the one that ends an exception that another thread looks at.
  for (const auto& slot : core_->in_flight) {
    slot->job.reset();
    slot->leases.clear();
    slot->error = nullptr;
  }
  core_->in_flight.clear();
  core_->error = nullptr;
}

OrderedPipeline::Leases OrderedPipeline::reserve(std::size_t bytes) {
  const std::size_t limit = 2 * pool_.size() + 4;
  {
    std::unique_lock lock(core_->mutex);
    core_->changed.wait(lock, [&] { return core_->error || core_->in_flight.size() < limit; });
  }
  core_->cancel.check();
  core_->rethrow_if_failed();
  Leases leases;
  leases.push_back(budget_.acquire(bytes, core_->cancel,
                                   [core = core_.get()] { return core->in_flight_count == 0 || core->failed; }));
  core_->rethrow_if_failed();
  return leases;
}

void OrderedPipeline::submit(std::unique_ptr<Job> job, Leases leases) {
  auto slot = std::make_shared<Slot>();
  slot->job = std::move(job);
  slot->leases = std::move(leases);
  {
    const std::lock_guard lock(core_->mutex);
    core_->in_flight.push_back(slot);
    ++core_->in_flight_count;
  }
  pool_.submit([slot = std::move(slot), core = core_] {
    {
      const std::lock_guard lock(core->mutex);
      if (slot->state != Slot::State::queued) return;
      slot->state = Slot::State::running;
    }
    try {
      if (!core->failed) slot->job->work(core->cancel);
    } catch (...) {
      slot->error = std::current_exception();
    }
    const std::lock_guard lock(core->mutex);
    slot->state = Slot::State::done;
    core->changed.notify_all();
  });
}

/// Runs on the writer thread. After a failure it goes on taking jobs, to give their memory back, and drops them.
void OrderedPipeline::write_in_order() {
  for (;;) {
    std::shared_ptr<Slot> slot;
    bool failed = false;
    {
      std::unique_lock lock(core_->mutex);
      const auto head_is_done = [&] {
        return !core_->in_flight.empty() && core_->in_flight.front()->state == Slot::State::done;
      };
      core_->changed.wait(
          lock, [&] { return core_->aborted || head_is_done() || (core_->closed && core_->in_flight.empty()); });
      if (core_->aborted || !head_is_done()) return;
      slot = core_->in_flight.front();
      failed = core_->error != nullptr;
    }
    try {
      if (!failed) {
        if (slot->error) std::rethrow_exception(std::exchange(slot->error, nullptr));
        core_->cancel.check();
        slot->job->write();
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
    slot->job.reset();
    slot->leases.clear();
  }
}

void OrderedPipeline::finish() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->closed = true;
    core_->changed.notify_all();
  }
  writer_.join();
  core_->rethrow_if_failed();
}

}  // namespace accel::formats
