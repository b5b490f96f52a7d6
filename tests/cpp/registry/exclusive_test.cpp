#include "accel/registry/exclusive.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"

namespace accel::registry {
namespace {

TEST(Exclusive, one_holder_at_a_time) {
  Exclusive exclusive;
  int unguarded = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const auto guard = exclusive.lock({});
        ++unguarded;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(unguarded, 4000);
}

TEST(Exclusive, cancel_ends_a_wait_and_leaves_the_lock_to_others) {
  Exclusive exclusive;
  CancelSource source;
  std::thread cancelled;
  std::thread patient;
  {
    const auto guard = exclusive.lock({});
    cancelled = std::thread([&] { EXPECT_THROW(static_cast<void>(exclusive.lock(source.token())), Cancelled); });
    patient = std::thread([&] { const auto turn = exclusive.lock({}); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    source.cancel();
    cancelled.join();
  }
  patient.join();
}

}  // namespace
}  // namespace accel::registry
