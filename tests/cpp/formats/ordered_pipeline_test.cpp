#include "accel/formats/ordered_pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats {
namespace {

using namespace std::chrono_literals;
using testing::make_context;

/// What jobs of a test do, and what became of them.
struct Log {
  std::function<void(int)> work = [](int) {};
  std::function<void(int)> write = [](int) {};
  std::vector<int> written;  // by the writer thread alone
  std::atomic<int> alive{0};
};

class LoggedJob final : public OrderedPipeline::Job {
 public:
  LoggedJob(int number, Log& log) : number_(number), log_(log) { ++log_.alive; }
  ~LoggedJob() override { --log_.alive; }
  void work(const CancelToken&) override { log_.work(number_); }
  void write() override {
    log_.write(number_);
    log_.written.push_back(number_);
  }

 private:
  const int number_;
  Log& log_;
};

void submit(OrderedPipeline& pipeline, Log& log, int count, std::size_t bytes = 10) {
  for (int i = 0; i < count; ++i) {
    OrderedPipeline::Leases leases = pipeline.reserve(bytes);
    pipeline.submit(std::make_unique<LoggedJob>(i, log), std::move(leases));
  }
}

TEST(OrderedPipeline, jobs_are_written_in_the_order_they_came) {
  ThreadPool pool(4);
  MemoryBudget budget(1000);
  Log log;
  log.work = [](int number) { std::this_thread::sleep_for(std::chrono::microseconds(number * 7919 % 500)); };
  OrderedPipeline pipeline(make_context(pool, budget));
  submit(pipeline, log, 200);
  pipeline.finish();
  ASSERT_EQ(log.written.size(), 200U);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(log.written[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(log.alive, 0);
  const MemoryLease all = budget.acquire(budget.limit(), {});
}

TEST(OrderedPipeline, a_job_larger_than_the_budget_goes_through) {
  ThreadPool pool(2);
  MemoryBudget budget(1);
  Log log;
  OrderedPipeline pipeline(make_context(pool, budget));
  submit(pipeline, log, 20, 1000);
  pipeline.finish();
  EXPECT_EQ(log.written.size(), 20U);
}

TEST(OrderedPipeline, what_a_job_throws_comes_out_and_nothing_is_written_after_it) {
  for (const bool at_work : {true, false}) {
    ThreadPool pool(2);
    MemoryBudget budget(1000);
    Log log;
    const auto fail = [](int number) {
      if (number == 5) throw StoreError("write", "/full", 28);
    };
    (at_work ? log.work : log.write) = fail;
    {
      OrderedPipeline pipeline(make_context(pool, budget));
      EXPECT_THROW(
          {
            submit(pipeline, log, 1000);
            pipeline.finish();
          },
          StoreError);
    }
    EXPECT_EQ(log.written, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(log.alive, 0);
    const MemoryLease all = budget.acquire(budget.limit(), {});
  }
}

TEST(OrderedPipeline, no_job_outlives_a_pipeline_that_is_destroyed_early) {
  ThreadPool pool(2);
  MemoryBudget budget(1000);
  Log log;
  log.work = [](int) { std::this_thread::sleep_for(1ms); };
  {
    OrderedPipeline pipeline(make_context(pool, budget));
    submit(pipeline, log, 6);
  }
  EXPECT_EQ(log.alive, 0);
  const MemoryLease all = budget.acquire(budget.limit(), {});
}

TEST(OrderedPipeline, cancel_ends_it) {
  ThreadPool pool(2);
  MemoryBudget budget(1000);
  CancelSource source;
  EncodeContext context = make_context(pool, budget);
  context.cancel = source.token();
  Log log;
  log.write = [&](int number) {
    if (number == 3) source.cancel();
  };
  OrderedPipeline pipeline(context);
  EXPECT_THROW(
      {
        submit(pipeline, log, 1000);
        pipeline.finish();
      },
      Cancelled);
  EXPECT_EQ(log.written.size(), 4U);
}

}  // namespace
}  // namespace accel::formats
