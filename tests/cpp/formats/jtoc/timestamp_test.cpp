#include "accel/formats/jtoc/timestamp.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace accel::formats::jtoc {
namespace {

std::string text_of(const tar::Time& time) {
  Buffer out;
  append_timestamp(time, out);
  return accel::to_string(out.view());
}

struct Case {
  tar::Time time;
  const char* text;
};

const Case kCases[] = {
    {{0, 0}, "1970-01-01T00:00:00Z"},
    {{-1, 0}, "1969-12-31T23:59:59Z"},
    {{951782400, 0}, "2000-02-29T00:00:00Z"},
    {{1700000000, 500000000}, "2023-11-14T22:13:20.5Z"},
    {{1700000000, 1}, "2023-11-14T22:13:20.000000001Z"},
    {{-62135596800, 0}, "0001-01-01T00:00:00Z"},
    {{253402300799, 999999999}, "9999-12-31T23:59:59.999999999Z"},
    {{4107542400, 0}, "2100-03-01T00:00:00Z"},
};

TEST(Timestamp, known_times_are_written_and_read) {
  for (const Case& c : kCases) {
    EXPECT_EQ(text_of(c.time), c.text);
    const auto parsed = parse_timestamp(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.time) << c.text;
  }
}

TEST(Timestamp, agrees_with_the_c_library_over_four_centuries) {
  for (std::int64_t seconds = -6'000'000'000; seconds < 7'000'000'000; seconds += 1'234'567) {
    const std::time_t time = seconds;
    std::tm parts{};
    ASSERT_NE(gmtime_r(&time, &parts), nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    ASSERT_EQ(text_of({seconds, 0}), text);
    ASSERT_EQ(parse_timestamp(text), (tar::Time{seconds, 0}));
  }
}

TEST(Timestamp, zone_offsets_and_long_fractions_are_understood) {
  EXPECT_EQ(parse_timestamp("2023-11-14T23:13:20+01:00"), (tar::Time{1700000000, 0}));
  EXPECT_EQ(parse_timestamp("2023-11-14T16:43:20.25-05:30"), (tar::Time{1700000000, 250000000}));
  EXPECT_EQ(parse_timestamp("2023-11-14T22:13:20.1234567899Z"), (tar::Time{1700000000, 123456789}));
}

TEST(Timestamp, anything_else_is_refused) {
  for (const char* bad :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14t22:13:20Z", "2023-11-14T22:13:20.Z",
        "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z", "2023-01-00T00:00:00Z",
        "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z", "2023-01-01T00:00:60Z", "2023-01-01T00:00:00Zx",
        "2023-01-01T00:00:00+24:00", "2023-01-01T00:00:00+0100", "0000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
        "2023-1-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

TEST(Timestamp, rounding_goes_to_the_nearest_second_and_halves_go_up) {
  EXPECT_EQ(round_to_seconds({20, 499999999}), (tar::Time{20, 0}));
  EXPECT_EQ(round_to_seconds({20, 500000000}), (tar::Time{21, 0}));
  EXPECT_EQ(round_to_seconds({-1, 500000000}), (tar::Time{0, 0}));
  EXPECT_EQ(round_to_seconds({INT64_MAX, 999999999}).seconds, INT64_MAX);
}

TEST(Timestamp, years_1_to_9999_are_representable) {
  EXPECT_TRUE(is_representable({-62135596800, 0}));
  EXPECT_FALSE(is_representable({-62135596801, 0}));
  EXPECT_TRUE(is_representable({253402300799, 0}));
  EXPECT_FALSE(is_representable({253402300800, 0}));
}

}  // namespace
}  // namespace accel::formats::jtoc
