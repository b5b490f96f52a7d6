#include "accel/formats/jtoc/timestamp.hpp"

#include <array>
#include <cstdint>

namespace accel::formats::jtoc {

namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

constexpr bool is_leap_year(std::int64_t year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr std::int64_t days_in_month(std::int64_t year, std::int64_t month) noexcept {
  constexpr std::array<std::int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// Days of all years from 1 to `year` - 1.
constexpr std::int64_t days_before_year(std::int64_t year) noexcept {
  const std::int64_t past = year - 1;
  return past * 365 + past / 4 - past / 100 + past / 400;
}

constexpr std::int64_t kEpochDays = days_before_year(1970);
static_assert(kEpochDays * kSecondsPerDay == -kFirstSecond);

void append_digits(std::int64_t value, std::size_t width, Buffer& out) {
  const std::size_t end = out.size() + width;
  out.resize(end);
  for (std::size_t i = 1; i <= width; ++i, value /= 10) out.data()[end - i] = static_cast<std::byte>('0' + value % 10);
}

void append_char(char c, Buffer& out) { out.append(as_bytes({&c, 1})); }

/// Reads exactly `width` digits and removes them; -1 when there are none.
std::int64_t take_digits(std::string_view& text, std::size_t width) noexcept {
  if (text.size() < width) return -1;
  std::int64_t value = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// Reads `.digits` if there; false when a point has no digits after it.
bool take_fraction(std::string_view& text, std::uint32_t& nanoseconds) noexcept {
  if (!take(text, '.')) return true;
  std::uint32_t unit = kNanosecondsPerSecond;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    unit /= 10;
    nanoseconds += static_cast<std::uint32_t>(text[digits] - '0') * unit;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

/// Reads `Z` or `±HH:MM` in seconds east of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) noexcept {
  if (take(text, 'Z')) return 0;
  const bool west = take(text, '-');
  if (!west && !take(text, '+')) return std::nullopt;
  const std::int64_t hours = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const std::int64_t minutes = take_digits(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (hours * 60 + minutes) * (west ? -60 : 60);
}

}  // namespace

bool is_representable(const tar::Time& time) noexcept {
  return time.seconds >= kFirstSecond && time.seconds <= kLastSecond;
}

tar::Time round_to_seconds(const tar::Time& time) noexcept {
  const bool up = time.nanoseconds >= kNanosecondsPerSecond / 2 && time.seconds < INT64_MAX;
  return {time.seconds + (up ? 1 : 0), 0};
}

void append_timestamp(const tar::Time& time, Buffer& out) {
  const std::int64_t since_year_one = time.seconds - kFirstSecond;
  std::int64_t days = since_year_one / kSecondsPerDay;
  const std::int64_t second_of_day = since_year_one % kSecondsPerDay;

  // The mean year has 365.2425 days, so this guess is at most one too low.
  std::int64_t year = days * 400 / 146097 + 1;
  while (days >= days_before_year(year + 1)) ++year;
  while (days < days_before_year(year)) --year;
  days -= days_before_year(year);
  std::int64_t month = 1;
  for (; days >= days_in_month(year, month); ++month) days -= days_in_month(year, month);

  append_digits(year, 4, out);
  append_char('-', out);
  append_digits(month, 2, out);
  append_char('-', out);
  append_digits(days + 1, 2, out);
  append_char('T', out);
  append_digits(second_of_day / 3600, 2, out);
  append_char(':', out);
  append_digits(second_of_day / 60 % 60, 2, out);
  append_char(':', out);
  append_digits(second_of_day % 60, 2, out);
  if (time.nanoseconds != 0) {
    std::uint32_t fraction = time.nanoseconds;
    std::size_t width = 9;
    for (; fraction % 10 == 0; fraction /= 10) --width;
    append_char('.', out);
    append_digits(fraction, width, out);
  }
  append_char('Z', out);
}

std::optional<tar::Time> parse_timestamp(std::string_view text) noexcept {
  const std::int64_t year = take_digits(text, 4);
  const bool date_marks = take(text, '-');
  const std::int64_t month = take_digits(text, 2);
  if (!date_marks || !take(text, '-')) return std::nullopt;
  const std::int64_t day = take_digits(text, 2);
  if (!take(text, 'T')) return std::nullopt;
  const std::int64_t hour = take_digits(text, 2);
  const bool time_marks = take(text, ':');
  const std::int64_t minute = take_digits(text, 2);
  if (!time_marks || !take(text, ':')) return std::nullopt;
  const std::int64_t second = take_digits(text, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;

  tar::Time time;
  if (!take_fraction(text, time.nanoseconds)) return std::nullopt;
  const std::optional<std::int64_t> zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;

  std::int64_t days = days_before_year(year) - kEpochDays + day - 1;
  for (std::int64_t m = 1; m < month; ++m) days += days_in_month(year, m);
  time.seconds = days * kSecondsPerDay + hour * 3600 + minute * 60 + second - *zone;
  return time;
}

}  // namespace accel::formats::jtoc
