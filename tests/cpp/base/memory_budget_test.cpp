#include "accel/base/memory_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"

namespace accel {
namespace {

using namespace std::chrono_literals;

TEST(MemoryBudget, waits_for_what_is_out_and_gives_back_at_the_end_of_a_lease) {
  MemoryBudget budget(100);
  const CancelToken cancel;
  auto first = budget.acquire(60, cancel);
  std::atomic<bool> granted{false};
  std::jthread waiter([&] {
    const auto second = budget.acquire(60, cancel);
    granted = true;
  });
  std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(granted);
  first = MemoryLease();
  waiter.join();
  EXPECT_TRUE(granted);
  EXPECT_EQ(budget.peak(), 60U);
}

TEST(MemoryBudget, grants_more_than_the_limit_when_nothing_else_is_out) {
  MemoryBudget budget(100);
  const auto lease = budget.acquire(1000, CancelToken());
  EXPECT_EQ(lease.bytes(), 1000U);
}

TEST(MemoryBudget, acquire_now_never_waits) {
  MemoryBudget budget(100);
  const auto first = budget.acquire(100, CancelToken());
  const auto second = budget.acquire_now(50);
  EXPECT_EQ(budget.peak(), 150U);
}

TEST(MemoryBudget, cancel_ends_a_wait) {
  MemoryBudget budget(10);
  const auto all = budget.acquire(10, CancelToken());
  CancelSource source;
  std::atomic<bool> cancelled{false};
  {
    std::jthread waiter([&] {
      try {
        const auto lease = budget.acquire(1, source.token());
      } catch (const Cancelled&) {
        cancelled = true;
      }
    });
    std::this_thread::sleep_for(5ms);
    source.cancel();
  }
  EXPECT_TRUE(cancelled);
}

TEST(MemoryBudget, buffers_go_round) {
  MemoryBudget budget(1000);
  Buffer buffer = budget.take_buffer(100);
  EXPECT_GE(buffer.capacity(), 100U);
  buffer.append(as_bytes("abc"));
  const std::byte* const data = buffer.data();
  budget.give_buffer(std::move(buffer));
  const Buffer again = budget.take_buffer(90);
  EXPECT_EQ(again.data(), data);
  EXPECT_TRUE(again.empty());
  EXPECT_NE(budget.take_buffer(90).data(), data);
}

TEST(MemoryBudget, the_smallest_buffer_that_fits_is_given_and_none_that_is_far_too_large) {
  MemoryBudget budget(10'000);
  for (const std::size_t size : {50U, 300U, 150U, 120U}) budget.give_buffer(Buffer(size));
  EXPECT_EQ(budget.take_buffer(100).capacity(), 120U);
  EXPECT_EQ(budget.take_buffer(100).capacity(), 150U);
  EXPECT_EQ(budget.take_buffer(100).capacity(), 100U);
  EXPECT_EQ(budget.take_buffer(200).capacity(), 300U);
}

TEST(MemoryBudget, idle_buffers_make_room_for_leases) {
  MemoryBudget budget(1000);
  budget.give_buffer(Buffer(400));
  budget.give_buffer(Buffer(500));
  const auto lease = budget.acquire(500, CancelToken());
  EXPECT_EQ(budget.take_buffer(100).capacity(), 100U);  // a new one: the oldest idle one, of 400, is freed for it
  EXPECT_EQ(budget.take_buffer(400).capacity(), 500U);
  EXPECT_EQ(budget.take_buffer(300).capacity(), 300U);
}

TEST(MemoryLease, moves_without_giving_back_twice) {
  MemoryBudget budget(100);
  {
    auto first = budget.acquire(70, CancelToken());
    const MemoryLease second(std::move(first));
    EXPECT_EQ(second.bytes(), 70U);
  }
  const auto again = budget.acquire(100, CancelToken());  // would wait for ever if bytes were lost
  EXPECT_EQ(budget.peak(), 100U);
}

TEST(MemoryBudget, is_never_exceeded_by_many_threads) {
  MemoryBudget budget(1000);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 1; t <= 6; ++t) {
      threads.emplace_back([&budget, t] {
        for (std::size_t i = 0; i < 200; ++i) const auto lease = budget.acquire(37 * t, CancelToken());
      });
    }
  }
  EXPECT_LE(budget.peak(), 1000U);
}

}  // namespace
}  // namespace accel
