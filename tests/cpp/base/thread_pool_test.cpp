#include "accel/base/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace accel {
namespace {

TEST(ThreadPool, has_the_threads_it_was_asked_for_or_one_a_core) {
  EXPECT_EQ(ThreadPool(3).size(), 3U);
  EXPECT_EQ(ThreadPool().size(), ThreadPool::available_cores());
  EXPECT_GE(ThreadPool::available_cores(), 1U);
}

TEST(ThreadPool, gives_results_and_exceptions_through_futures) {
  ThreadPool pool(2);
  auto value = pool.submit([] { return 42; });
  auto failure = pool.submit([]() -> int { throw std::runtime_error("no"); });
  EXPECT_EQ(value.get(), 42);
  EXPECT_THROW(failure.get(), std::runtime_error);
}

TEST(ThreadPool, starts_jobs_in_the_order_they_were_submitted) {
  std::vector<int> started;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 50; ++i) pool.submit([&started, i] { started.push_back(i); });
  }
  ASSERT_EQ(started.size(), 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(started[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, finishes_what_was_submitted_before_it_goes) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 200; ++i) pool.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 200);
}

}  // namespace
}  // namespace accel
