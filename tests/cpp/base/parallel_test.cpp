#include "accel/base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <set>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"

namespace accel {
namespace {

using namespace std::chrono_literals;

/// Waits until the token is cancelled, as work that waits for a network does.
void wait_for(const CancelToken& token) {
  for (int i = 0; i < 2000; ++i) {
    token.check();
    std::this_thread::sleep_for(1ms);
  }
  FAIL() << "nobody cancelled";
}

TEST(Parallel, every_piece_is_worked_on_once) {
  for (const std::size_t threads : std::initializer_list<std::size_t>{0, 1, 2, 7, 100}) {
    std::atomic<int> done[20] = {};
    run_parallel(20, threads, {}, [&](std::size_t i, const CancelToken&) { ++done[i]; });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
}

TEST(Parallel, no_more_threads_run_than_were_asked_for) {
  std::atomic<int> running{0}, most{0};
  run_parallel(30, 3, {}, [&](std::size_t, const CancelToken&) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(1ms);
    --running;
  });
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 2);
}

TEST(Parallel, first_failure_stops_the_others_and_is_the_one_that_is_thrown) {
  try {
    run_parallel(4, 4, {}, [&](std::size_t i, const CancelToken& token) {
      if (i == 2) throw FormatError("the cause");
      wait_for(token);
    });
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.message(), "the cause");
  }
}

TEST(Parallel, pieces_that_were_not_begun_are_left_after_a_failure) {
  std::atomic<int> begun{0};
  EXPECT_THROW(run_parallel(1000, 2, {},
                            [&](std::size_t, const CancelToken&) {
                              ++begun;
                              throw FormatError("bad");
                            }),
               FormatError);
  EXPECT_LE(begun, 2);
}

TEST(Parallel, cancel_from_outside_ends_all_pieces) {
  CancelSource source;
  std::atomic<int> begun{0};
  std::jthread canceller([&] {
    while (begun < 2) std::this_thread::sleep_for(1ms);
    source.cancel();
  });
  EXPECT_THROW(run_parallel(5, 2, source.token(),
                            [&](std::size_t, const CancelToken& token) {
                              ++begun;
                              wait_for(token);
                            }),
               Cancelled);
}

TEST(Parallel, work_of_a_cancelled_job_is_not_begun) {
  CancelSource source;
  source.cancel();
  bool begun = false;
  EXPECT_THROW(run_parallel(3, 1, source.token(), [&](std::size_t, const CancelToken&) { begun = true; }), Cancelled);
  EXPECT_FALSE(begun);
}

TEST(Parallel, largest_pieces_come_first_and_equal_ones_in_their_order) {
  const WorkOrder order = largest_first({10, 300, 0, 300, 20});
  EXPECT_EQ(order.pieces, (std::vector<std::size_t>{1, 3, 4, 0, 2}));
  EXPECT_EQ(order.bytes, 630U);
  EXPECT_TRUE(largest_first({}).pieces.empty());
}

TEST(Parallel, errors_that_are_not_ours_pass_too) {
  EXPECT_THROW(run_parallel(2, 2, {}, [](std::size_t, const CancelToken&) { throw std::bad_alloc(); }), std::bad_alloc);
}

}  // namespace
}  // namespace accel
