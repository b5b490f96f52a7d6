#include "accel/formats/unit_pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"
#include "formats/bracket_encoder.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats {
namespace {

using testing::bracket_encoders;
using testing::make_context;
using testing::random_bytes;
using namespace std::chrono_literals;

/// Feeds `count` units of sizes that vary up to `max_size`; the expected output.
std::string feed_units(UnitPipeline& pipeline, int count, std::size_t max_size, std::uint32_t seed = 1) {
  std::string expected;
  std::uint32_t x = seed;
  for (int i = 0; i < count; ++i) {
    x = x * 1664525U + 1013904223U;
    const std::string unit = random_bytes(1 + (x >> 8U) % max_size, x);
    pipeline.begin_unit(unit.size());
    pipeline.append(as_bytes(unit));
    expected += "[" + unit + "]";
  }
  return expected;
}

/// Everything a budget lends has come back.
void expect_all_free(MemoryBudget& budget) { const MemoryLease all = budget.acquire(budget.limit(), {}); }

TEST(UnitPipeline, units_come_out_in_order_for_any_number_of_threads) {
  for (const std::size_t threads : {1UL, 2UL, 7UL}) {
    ThreadPool pool(threads);
    MemoryBudget budget(1U << 20U);
    io::MemorySink sink;
    UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
    const std::string expected = feed_units(pipeline, 2000, 3000);
    EXPECT_EQ(pipeline.finish(), expected.size());
    EXPECT_EQ(to_string(sink.view()), expected) << threads;
    expect_all_free(budget);
  }
}

TEST(UnitPipeline, batches_are_reported_with_their_place) {
  ThreadPool pool(3);
  MemoryBudget budget(8U << 20U);
  io::MemorySink sink;
  std::uint64_t next = 0;
  std::size_t units = 0;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {},
                        [&](Batch& batch, std::uint64_t offset) {
                          EXPECT_EQ(offset, next);
                          next += batch.unit_offsets.back();
                          units += batch.unit_begins.size();
                        });
  feed_units(pipeline, 500, 100000);
  EXPECT_EQ(pipeline.finish(), next);
  EXPECT_EQ(units, 500U);
}

TEST(UnitPipeline, small_units_share_batches) {
  ThreadPool pool(1);
  MemoryBudget budget(8U << 20U);
  io::MemorySink sink;
  std::size_t batches = 0;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {},
                        [&](Batch&, std::uint64_t) { ++batches; });
  feed_units(pipeline, 10000, 200);
  pipeline.finish();
  EXPECT_LT(batches, 10U);
}

TEST(UnitPipeline, without_units_nothing_is_written) {
  ThreadPool pool(1);
  MemoryBudget budget(1U << 20U);
  io::MemorySink sink;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
  pipeline.begin_unit(100);
  EXPECT_EQ(pipeline.finish(), 0U);
  EXPECT_TRUE(sink.view().empty());
}

TEST(UnitPipeline, a_unit_may_be_larger_than_expected_and_than_the_budget) {
  ThreadPool pool(2);
  MemoryBudget budget(1000);
  io::MemorySink sink;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
  const std::string unit = random_bytes(3U << 20U, 5);
  for (int i = 0; i < 4; ++i) {
    pipeline.begin_unit(10);
    pipeline.append(as_bytes(unit));
  }
  EXPECT_EQ(pipeline.finish(), 4 * (unit.size() + 2));
}

TEST(UnitPipeline, memory_in_flight_stays_within_the_budget) {
  ThreadPool pool(4);
  MemoryBudget budget(2U << 20U);
  io::MemorySink sink;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
  feed_units(pipeline, 3000, 30000);
  pipeline.finish();
  EXPECT_LE(budget.peak(), budget.limit());
}

TEST(UnitPipeline, one_thread_can_feed_many_with_hardly_any_memory) {
  // Each pipeline holds an open batch while the feeder waits for memory of another one.
  ThreadPool pool(2);
  MemoryBudget budget(100);
  std::vector<io::MemorySink> sinks(6);
  std::vector<std::unique_ptr<UnitPipeline>> pipelines;
  std::vector<std::string> expected(sinks.size());
  for (io::MemorySink& sink : sinks) {
    pipelines.push_back(std::make_unique<UnitPipeline>(bracket_encoders(), sink, make_context(pool, budget),
                                                       UnitPipeline::Options{}, [](Batch&, std::uint64_t) {}));
  }
  for (std::uint32_t round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < pipelines.size(); ++i) expected[i] += feed_units(*pipelines[i], 3, 200000, round);
  }
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    pipelines[i]->finish();
    EXPECT_EQ(to_string(sinks[i].view()), expected[i]);
  }
  expect_all_free(budget);
}

TEST(UnitPipeline, many_threads_can_share_hardly_any_memory) {
  ThreadPool pool(2);
  MemoryBudget budget(100);
  std::vector<std::thread> feeders;
  std::atomic<int> good{0};
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    feeders.emplace_back([&, seed] {
      io::MemorySink sink;
      UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
      const std::string expected = feed_units(pipeline, 60, 200000, seed);
      pipeline.finish();
      if (to_string(sink.view()) == expected) ++good;
    });
  }
  for (std::thread& feeder : feeders) feeder.join();
  EXPECT_EQ(good, 8);
}

class FailingSink final : public io::ByteSink {
 public:
  explicit FailingSink(int good_writes) : good_writes_(good_writes) {}
  void write(ByteView) override {
    if (good_writes_-- == 0) throw StoreError("write", "/full", 28);
  }

 private:
  int good_writes_;
};

TEST(UnitPipeline, failures_of_sink_worker_and_callback_reach_the_feeder) {
  ThreadPool pool(2);
  for (int at = 0; at < 5; ++at) {
    for (const char* who : {"sink", "worker", "callback"}) {
      const std::string_view failing = who;
      MemoryBudget budget(300000);
      FailingSink sink(failing == "sink" ? at : 1000000);
      std::atomic<int> units{0};
      const auto encoders = bracket_encoders(false, [&](ByteView) {
        if (failing == "worker" && units++ == at * 10) throw std::runtime_error("worker");
      });
      int batches = 0;
      UnitPipeline pipeline(encoders, sink, make_context(pool, budget), {}, [&](Batch&, std::uint64_t) {
        if (failing == "callback" && batches++ == at) throw std::runtime_error("callback");
      });
      EXPECT_ANY_THROW({
        feed_units(pipeline, 400, 30000);
        pipeline.finish();
      }) << who;
      EXPECT_ANY_THROW(pipeline.begin_unit(1U << 20U)) << who;
    }
  }
}

/// A sink whose consumer does not come.
class BlockedSink final : public io::ByteSink {
 public:
  explicit BlockedSink(CancelToken cancel) : cancel_(std::move(cancel)) {}
  void write(ByteView) override {
    const auto registration = cancel_.on_cancel([this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return cancel_.cancelled(); });
    cancel_.check();
  }

 private:
  const CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

TEST(UnitPipeline, cancel_wakes_a_feeder_that_waits_for_a_blocked_sink) {
  for (const std::size_t limit : {std::size_t{100}, std::size_t{64U << 20U}}) {
    ThreadPool pool(2);
    MemoryBudget budget(limit);
    CancelSource source;
    EncodeContext context = make_context(pool, budget);
    context.cancel = source.token();
    BlockedSink sink(source.token());
    UnitPipeline pipeline(bracket_encoders(), sink, context, {}, [](Batch&, std::uint64_t) {});
    std::thread canceller([&] {
      std::this_thread::sleep_for(30ms);
      source.cancel();
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(feed_units(pipeline, 1000, 100000), Cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    canceller.join();
  }
}

TEST(UnitPipeline, destroying_it_early_drops_what_waits_in_the_pool) {
  MemoryBudget budget(64U << 20U);
  std::atomic<int> encoded{0};
  ThreadPool pool(1);
  {
    io::MemorySink sink;
    const auto encoders = bracket_encoders(false, [&](ByteView) {
      ++encoded;
      std::this_thread::sleep_for(20ms);
    });
    UnitPipeline pipeline(encoders, sink, make_context(pool, budget), {}, [](Batch&, std::uint64_t) {});
    for (int i = 0; i < 5; ++i) {
      pipeline.begin_unit(300000);
      pipeline.append(as_bytes(random_bytes(300000, 1)));
    }
  }
  expect_all_free(budget);
  EXPECT_LE(encoded, 4);
}

TEST(UnitPipeline, forced_units_begin_a_batch_when_units_are_merged) {
  ThreadPool pool(1);
  MemoryBudget budget(64U << 20U);
  io::MemorySink sink;
  UnitPipeline::Options options;
  options.min_unit_bytes = 1000;
  UnitPipeline pipeline(bracket_encoders(), sink, make_context(pool, budget), options, [](Batch&, std::uint64_t) {});
  for (const char* unit : {"a", "b", "c"}) {
    pipeline.begin_unit(1, *unit == 'c');
    pipeline.append(as_bytes(unit));
  }
  pipeline.finish();
  EXPECT_EQ(to_string(sink.view()), "[ab][c]");
}

}  // namespace
}  // namespace accel::formats
