/// The heart of the chunked formats: works on pieces of a layer on all cores and writes them in order.
///
///     feeding thread            worker threads             writer thread
///     fills jobs        ──►     Job::work          ──►     Job::write, one after another
///
/// Memory: a job holds leases of the budget from before it is filled until it is written. Jobs in flight are limited as
/// well.
///
/// Why nothing waits for ever, with any number of pipelines on one budget and one pool, also when one thread feeds
/// several of them in turn:
///  1. A submitted job needs no memory but its leases: workers never wait for the budget, a sink or each other.
///  2. The writer needs only its sink, which by contract does not wait for the budget. So all submitted jobs of a
///     pipeline get written, and their leases come back, whatever the feeders do.
///  3. A feeder waits only in `reserve`, and only while jobs of its own pipeline are in flight; when the last of them
///  is
///     written it gets its memory even above the limit (MemoryBudget::acquire with a condition). By 2 that happens. The
///     excess is at most one job a pipeline.
/// A job that outgrows its lease takes the difference without waiting (MemoryBudget::acquire_now).
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "accel/base/memory_budget.hpp"
#include "accel/formats/format.hpp"

namespace accel::formats {

/// Fed by one thread.
class OrderedPipeline {
 public:
  class Job {
   public:
    virtual ~Job() = default;
    /// Runs on a worker thread. Must not wait for anything.
    virtual void work(const CancelToken& cancel) = 0;
    /// Runs on the writer thread, in the order of `submit`. What it leaves in memory goes right after it.
    virtual void write() = 0;
  };
  using Leases = std::vector<MemoryLease>;

  explicit OrderedPipeline(const EncodeContext& context);
  OrderedPipeline(const OrderedPipeline&) = delete;
  OrderedPipeline& operator=(const OrderedPipeline&) = delete;
  /// Drops what was not written; waits for jobs at work and for the one being written. No job is alive after it, so
  /// they may refer to whatever outlives the pipeline.
  ~OrderedPipeline();

  /// Memory for the next job; waits for it and for room among the jobs in flight. Throws what a job threw, and
  /// Cancelled.
  [[nodiscard]] Leases reserve(std::size_t bytes);
  /// Hands a job over, with all its leases.
  void submit(std::unique_ptr<Job> job, Leases leases);
  /// Returns when all jobs have been written. Throws as `reserve`. Nothing may be submitted after it.
  void finish();

 private:
  struct Slot;
  struct Core;

  void write_in_order();

  ThreadPool& pool_;
  MemoryBudget& budget_;
  std::shared_ptr<Core> core_;
  std::thread writer_;
};

}  // namespace accel::formats
