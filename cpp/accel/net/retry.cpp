#include "accel/net/retry.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "accel/net/text.hpp"

namespace accel::net {

namespace {

using std::chrono::milliseconds;

std::optional<int> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the only form servers may send (RFC 9110 section 5.6.7).
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  const auto parts = split(text, ' ');
  if (parts.size() != 6 || parts[5] != "GMT") return std::nullopt;
  const auto clock = split(parts[4], ':');
  const auto month = month_number(parts[2]);
  const auto day = parse_u64(parts[1]);
  const auto year = parse_u64(parts[3]);
  // Years that the clock's 64 bits of nanoseconds can hold.
  if (clock.size() != 3 || !month || !day || !year || *year < 1970 || *year > 2200) return std::nullopt;
  const auto hour = parse_u64(clock[0]);
  const auto minute = parse_u64(clock[1]);
  const auto second = parse_u64(clock[2]);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(std::min<std::uint64_t>(*day, 99)))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

RetryServices system_retry_services(std::shared_ptr<Logger> log) {
  struct Random {
    std::mutex mutex;
    std::mt19937_64 engine{std::random_device{}()};
  };
  auto random = std::make_shared<Random>();
  return {system_clock(), std::move(log), [random] {
            const std::lock_guard lock(random->mutex);
            return std::uniform_real_distribution<double>(0.0, 1.0)(random->engine);
          }};
}

Retry::Retry(const RetryPolicy& policy, const RetryServices& services, std::string_view what, CancelToken cancel)
    : policy_(policy), services_(services), what_(what), cancel_(std::move(cancel)) {}

milliseconds Retry::backoff(const RetryPolicy& policy, int failures, double random) {
  const int doublings = std::clamp(failures - 1, 0, 30);
  const auto full = std::min(policy.backoff_base * (std::int64_t{1} << doublings), policy.backoff_max);
  const auto half = full / 2;
  return half + milliseconds(static_cast<milliseconds::rep>(random * static_cast<double>((full - half).count())));
}

void Retry::wait_or_rethrow(const RegistryError& error) {
  ++failures_;
  progress_ = 0;
  const auto& fields = error.fields();
  if (!fields.retryable || failures_ >= policy_.max_attempts || fields.retry_after > policy_.retry_after_max) throw;
  const auto wait = std::max(fields.retry_after, backoff(policy_, failures_, services_.random()));
  services_.log->info("retry", {{"what", what_},
                                {"attempt", std::to_string(failures_ + 1)},
                                {"wait_ms", std::to_string(wait.count())},
                                {"because", error.what()}});
  services_.clock->sleep(wait, cancel_);
}

milliseconds parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  value = trim(value);
  if (const auto seconds = parse_u64(value)) {
    constexpr std::uint64_t kDay = 86'400;
    return std::chrono::seconds(std::min(*seconds, kDay));
  }
  const auto date = parse_http_date(value);
  if (!date || *date <= now) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(*date - now);
}

}  // namespace accel::net
