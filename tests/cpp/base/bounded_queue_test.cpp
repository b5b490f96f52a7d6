#include "accel/base/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "accel/base/error.hpp"

namespace accel {
namespace {

using namespace std::chrono_literals;

TEST(BoundedQueue, delivers_in_order_then_ends) {
  BoundedQueue<int> queue(3);
  const CancelToken cancel;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(i, cancel));
  queue.close();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(cancel), i);
  EXPECT_EQ(queue.pop(cancel), std::nullopt);
  EXPECT_EQ(queue.pop(cancel), std::nullopt);
}

TEST(BoundedQueue, holds_no_more_than_its_capacity) {
  BoundedQueue<int> queue(2);
  const CancelToken cancel;
  std::atomic<int> pushed{0};
  std::jthread producer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.push(i, cancel);
      ++pushed;
    }
    queue.close();
  });
  for (int i = 0; i < 100; ++i) {
    EXPECT_LE(pushed.load(), i + 2 + 1);  // one more may be on its way out of push
    EXPECT_EQ(queue.pop(cancel), i);
  }
}

TEST(BoundedQueue, failure_of_the_producer_comes_after_what_it_delivered) {
  BoundedQueue<int> queue(2);
  const CancelToken cancel;
  queue.push(1, cancel);
  queue.fail(std::make_exception_ptr(std::runtime_error("source broke")));
  EXPECT_EQ(queue.pop(cancel), 1);
  EXPECT_THROW(queue.pop(cancel), std::runtime_error);
}

TEST(BoundedQueue, abandoning_releases_a_waiting_producer_and_drops_what_is_queued) {
  BoundedQueue<std::shared_ptr<int>> queue(1);
  const CancelToken cancel;
  const auto item = std::make_shared<int>(1);
  queue.push(item, cancel);
  std::atomic<bool> taken{true};
  {
    std::jthread producer([&] { taken = queue.push(std::make_shared<int>(2), cancel); });
    std::this_thread::sleep_for(5ms);
    queue.abandon();
  }
  EXPECT_FALSE(taken);
  EXPECT_EQ(item.use_count(), 1);
  EXPECT_FALSE(queue.push(std::make_shared<int>(3), cancel));
}

TEST(BoundedQueue, cancel_releases_a_waiting_producer_and_a_waiting_consumer) {
  BoundedQueue<int> full(1);
  BoundedQueue<int> empty(1);
  CancelSource source;
  const CancelToken cancel = source.token();
  full.push(1, cancel);
  std::atomic<int> cancelled{0};
  {
    std::jthread producer([&] {
      try {
        full.push(2, cancel);
      } catch (const Cancelled&) {
        ++cancelled;
      }
    });
    std::jthread consumer([&] {
      try {
        empty.pop(cancel);
      } catch (const Cancelled&) {
        ++cancelled;
      }
    });
    std::this_thread::sleep_for(5ms);
    source.cancel();
  }
  EXPECT_EQ(cancelled, 2);
}

TEST(BoundedQueue, many_producers_and_consumers_lose_nothing) {
  BoundedQueue<int> queue(4);
  const CancelToken cancel;
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> consumers;
    for (int i = 0; i < 3; ++i) {
      consumers.emplace_back([&] {
        while (const auto value = queue.pop(cancel)) sum += *value;
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < 3; ++i) {
        producers.emplace_back([&] {
          for (int value = 1; value <= 200; ++value) queue.push(value, cancel);
        });
      }
    }
    queue.close();
  }
  EXPECT_EQ(sum, 3 * 200 * 201 / 2);
}

}  // namespace
}  // namespace accel
