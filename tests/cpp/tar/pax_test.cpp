#include "accel/tar/pax.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "accel/base/error.hpp"
#include "support/tar_builder.hpp"

namespace accel::tar {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::pax_record;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Pax, values_are_taken_by_length_and_may_hold_anything) {
  const std::string payload = pax_record("SCHILY.xattr.a", "1\n10 b=c\n\0\xFF"sv) + pax_record("comment", "x=y=z");
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  ASSERT_EQ(records.records.size(), 2U);
  EXPECT_EQ(records.find("SCHILY.xattr.a")->value, "1\n10 b=c\n\0\xFF"sv);
  EXPECT_EQ(records.find("comment")->value, "x=y=z");
  EXPECT_EQ(records.find("path"), nullptr);
  EXPECT_EQ(records.find("zzz"), nullptr);
}

TEST(Pax, last_record_of_a_key_wins) {
  const std::string payload = pax_record("uid", "1") + pax_record("gid", "7") + pax_record("uid", "") +
                              pax_record("gid", "8") + pax_record("uid", "3");
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  ASSERT_EQ(records.records.size(), 2U);
  EXPECT_EQ(records.find("uid")->value, "3");
  EXPECT_EQ(records.find("gid")->value, "8");
}

TEST(Pax, very_many_records_take_no_quadratic_time) {
  std::string payload;
  for (int i = 0; i < 100'000; ++i) payload += pax_record("k" + std::to_string(i % 50'000), "v");
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  EXPECT_EQ(records.records.size(), 50'000U);
}

TEST(Pax, malformed_records_are_refused) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"x"sv, "length"},
      {" 5 a=\n"sv, "length"},
      {"6"sv, "length"},
      {"6a=b\n"sv, "length"},
      {"-6 a=b\n"sv, "length"},
      {"99999999999999999999999 a=b\n"sv, "length"},
      {"7 a=b\n"sv, "says it has 7 bytes, 6 are left"},
      {"0 a=b\n"sv, "says it has 0 bytes"},
      {"2 a=b\n"sv, "says it has 2 bytes"},
      {"5 a=b\n"sv, "newline"},
      {"6 a=bc"sv, "newline"},
      {"6 abc\n"sv, "key=value"},
      {"6 =ab\n"sv, "key=value"},
      {"6 a=b\n\0\0"sv, "length"},
      {"8 \0=abc\n"sv, "NUL"},
      {"11 path=a\0\n"sv, "NUL"},
      {"15 linkpath=a\0\n"sv, "NUL"},
      {"12 uname=a\0\n"sv, "NUL"},
  };
  for (const auto& [payload, want] : cases) {
    PaxRecords records;
    try {
      parse_pax(as_bytes(payload), records);
      FAIL() << payload;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(want), std::string_view::npos) << payload << ": " << error.what();
    }
  }
}

TEST(Pax, records_set_the_fields_they_name) {
  Entry entry;
  const std::pair<std::string_view, std::string_view> records[] = {
      {"path", "n\xC3\xA9"},
      {"linkpath", "target"},
      {"uname", "user"},
      {"gname", "group"},
      {"uid", "4294967294"},
      {"gid", "2097152"},
      {"size", "8589934592"},
      {"mtime", "1700000000.123456789"},
      {"atime", "-1.5"},
      {"ctime", "0"},
      {"SCHILY.xattr.user.a", "v\n\0w"sv},
      {"hdrcharset", "BINARY"},
      {"comment", "nothing"},
      {"VENDOR.key", "nothing"},
  };
  for (const auto& [key, value] : records) apply_pax_record({.key = key, .value = value}, entry);
  Entry want;
  want.name = "n\xC3\xA9";
  want.link_name = "target";
  want.user_name = "user";
  want.group_name = "group";
  want.uid = 4294967294;
  want.gid = 2097152;
  want.header_size = 8589934592;
  want.mtime = {.seconds = 1700000000, .nanoseconds = 123456789};
  want.atime = Time{.seconds = -2, .nanoseconds = 500'000'000};
  want.ctime = Time{};
  want.xattrs["user.a"] = "v\n\0w"sv;
  EXPECT_EQ(entry, want);
}

TEST(Pax, bad_values_are_refused_with_their_key) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"size", "-1"},   {"size", "9223372036854775808"},
      {"size", "1x"},   {"size", "0x10"},
      {"uid", "-2"},    {"gid", " 1"},
      {"gid", "1_000"}, {"mtime", ""},
      {"mtime", "."},   {"atime", "1.-5"},
      {"ctime", "1e9"}, {"mtime", "1.5x"},
      {"mtime", ".5"},  {"LIBARCHIVE.xattr.a", "!"},
  };
  for (const auto& [key, value] : cases) {
    Entry entry;
    try {
      apply_pax_record({.key = key, .value = value}, entry);
      FAIL() << key << "=" << value;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(key), std::string_view::npos) << error.what();
    }
  }
}

TEST(Pax, libarchive_xattrs_are_decoded_and_yield_to_schily_ones) {
  const std::string payload = pax_record("LIBARCHIVE.xattr.user.%61%3Db%zz%", "AAEC/w") +
                              pax_record("SCHILY.xattr.user.both", "schily") +
                              pax_record("LIBARCHIVE.xattr.user.both", "AA==");
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  Entry entry;
  for (const PaxRecord& record : records.records) apply_pax_record(record, entry);
  const std::map<std::string, std::string> want = {{"user.a=b%zz%", "\0\1\2\xFF"s}, {"user.both", "schily"}};
  EXPECT_EQ(entry.xattrs, want);
}

TEST(Pax, times_are_exact_also_before_the_epoch) {
  const std::pair<std::string_view, Time> cases[] = {
      {"0", {0, 0}},
      {"1", {1, 0}},
      {"-1", {-1, 0}},
      {"0.5", {0, 500'000'000}},
      {"-0.5", {-1, 500'000'000}},
      {"-1.25", {-2, 750'000'000}},
      {"1.000000001", {1, 1}},
      {"-1.000000001", {-2, 999'999'999}},
      {"9223372036854775807.999999999", {kMax, 999'999'999}},
      {"-9223372036854775808", {kMin, 0}},
  };
  for (const auto& [text, time] : cases) {
    EXPECT_EQ(parse_pax_time(text), time) << text;
    EXPECT_EQ(format_pax_time(time), text);
  }
}

TEST(Pax, times_may_have_too_many_digits_or_none) {
  EXPECT_EQ(parse_pax_time("1.1234567899999"), (Time{1, 123'456'789}));
  EXPECT_EQ(parse_pax_time("5."), (Time{5, 0}));
  EXPECT_EQ(parse_pax_time("+5.0"), (Time{5, 0}));
  EXPECT_EQ(parse_pax_time("-0"), (Time{0, 0}));
  EXPECT_EQ(parse_pax_time("-9223372036854775808.5"), std::nullopt);
  EXPECT_EQ(parse_pax_time("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_pax_time("+-5"), std::nullopt);
  EXPECT_EQ(parse_pax_time("1.123456789x"), std::nullopt);
}

TEST(Pax, written_records_count_their_own_length) {
  for (const std::size_t size : {0UL, 1UL, 4UL, 5UL, 90UL, 91UL, 92UL, 93UL, 989UL, 990UL, 991UL, 9989UL, 9990UL}) {
    std::string out;
    append_pax_record("path", std::string(size, 'v'), out);
    EXPECT_EQ(out, pax_record("path", std::string(size, 'v')));
    PaxRecords records;
    parse_pax(as_bytes(out), records);
    EXPECT_EQ(records.find("path")->value.size(), size);
  }
}

}  // namespace
}  // namespace accel::tar
