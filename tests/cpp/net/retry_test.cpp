#include "accel/net/retry.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/fake_clock.hpp"

namespace accel::net {
namespace {

using namespace std::chrono_literals;
using accel::testing::FakeClock;

class RetryTest : public ::testing::Test {
 protected:
  static RegistryError failure(bool retryable, std::chrono::milliseconds retry_after = 0ms) {
    RegistryError::Fields fields;
    fields.retryable = retryable;
    fields.retry_after = retry_after;
    return {"scripted", fields};
  }

  /// Runs work that fails `failures` times; returns how often it was tried.
  int run(int failures, const RegistryError& error) {
    int tries = 0;
    Retry retry(policy_, services_, "test", cancel_.token());
    retry.run([&] {
      if (++tries <= failures) throw RegistryError(error);
      return 0;
    });
    return tries;
  }

  CancelSource cancel_;
  RetryPolicy policy_{4, 100ms, 1000ms, 5000ms};
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  RetryServices services_{clock_, std::make_shared<NullLogger>(), [] { return 0.5; }};
};

TEST_F(RetryTest, waits_double_with_jitter_up_to_the_limit) {
  for (int failures = 1; failures <= 8; ++failures) {
    const auto full = std::min(100ms * (1 << (failures - 1)), 1000ms);
    EXPECT_EQ(Retry::backoff(policy_, failures, 0.0), full / 2);
    EXPECT_LE(Retry::backoff(policy_, failures, 0.999), full);
    EXPECT_GT(Retry::backoff(policy_, failures, 0.999), full * 9 / 10);
  }
}

TEST_F(RetryTest, work_that_recovers_is_tried_again) {
  EXPECT_EQ(run(3, failure(true)), 4);
  EXPECT_EQ(clock_->slept, (std::vector<std::chrono::milliseconds>{75ms, 150ms, 300ms}));
}

TEST_F(RetryTest, attempts_are_limited) {
  EXPECT_THROW(run(4, failure(true)), RegistryError);
  EXPECT_EQ(clock_->slept.size(), 3U);
}

TEST_F(RetryTest, what_cannot_pass_is_tried_once) {
  EXPECT_THROW(run(1, failure(false)), RegistryError);
  EXPECT_TRUE(clock_->slept.empty());
}

TEST_F(RetryTest, retry_after_is_honoured_when_it_is_longer) {
  EXPECT_EQ(run(1, failure(true, 3000ms)), 2);
  EXPECT_EQ(clock_->slept, std::vector<std::chrono::milliseconds>{3000ms});
  EXPECT_EQ(run(1, failure(true, 1ms)), 2);
  EXPECT_EQ(clock_->slept.back(), 75ms);
}

TEST_F(RetryTest, too_long_a_pause_is_the_callers_business) {
  EXPECT_THROW(run(1, failure(true, 6000ms)), RegistryError);
  EXPECT_TRUE(clock_->slept.empty());
}

TEST_F(RetryTest, progress_starts_the_count_anew) {
  Retry retry(policy_, services_, "test", cancel_.token());
  for (int i = 0; i < 20; ++i) {
    try {
      throw failure(true);
    } catch (const RegistryError& error) {
      retry.wait_or_rethrow(error);
    }
    retry.made_progress(Retry::kProgress);
  }
  EXPECT_EQ(clock_->slept.size(), 20U);
}

TEST_F(RetryTest, a_peer_that_lets_little_through_is_given_up) {
  Retry retry(policy_, services_, "test", cancel_.token());
  int tries = 0;
  EXPECT_THROW(retry.run([&]() -> int {
    ++tries;
    retry.made_progress(Retry::kProgress - 1);
    throw failure(true);
  }),
               RegistryError);
  EXPECT_EQ(tries, policy_.max_attempts);
}

TEST_F(RetryTest, the_type_of_the_error_survives) {
  Retry retry(policy_, services_, "test", {});
  EXPECT_THROW(retry.run([]() -> int { throw NotFound("gone", {}); }), NotFound);
}

TEST_F(RetryTest, cancel_ends_the_tries) {
  cancel_.cancel();
  EXPECT_THROW(run(0, failure(true)), Cancelled);
}

TEST(RetryClock, cancel_ends_a_wait_at_once) {
  CancelSource source;
  source.cancel();
  EXPECT_THROW(system_clock()->sleep(1h, source.token()), Cancelled);
}

TEST(RetryAfter, seconds_and_dates_are_read_and_rubbish_is_nothing) {
  const auto now = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 0s;
  struct Row {
    const char* value;
    std::chrono::milliseconds wait;
  };
  for (const Row& row :
       {Row{"", 0ms}, Row{"0", 0ms}, Row{"7", 7s}, Row{" 7 ", 7s}, Row{"99999999999", 24h}, Row{"-5", 0ms},
        Row{"1.5", 0ms}, Row{"Sun, 06 Nov 1994 08:49:37 GMT", 37s}, Row{"Sun, 06 Nov 1994 08:48:37 GMT", 0ms},
        Row{"Sun, 06 Nov 1994 08:49:37 CET", 0ms}, Row{"Sun, 31 Feb 1995 08:49:37 GMT", 0ms},
        Row{"Sun, 06 Nov 1994 25:49:37 GMT", 0ms}, Row{"Sun, 06 Nov 0997 08:49:37 GMT", 0ms},
        Row{"Sun, 06 Nov 9999 08:49:37 GMT", 0ms}, Row{"soon", 0ms}}) {
    EXPECT_EQ(parse_retry_after(row.value, now), row.wait) << row.value;
  }
}

}  // namespace
}  // namespace accel::net
