#include "accel/tar/path.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::tar {
namespace {

using namespace std::string_view_literals;

TEST(Path, clean_path_is_path_clean_of_slash_and_name) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {".", ""},
      {"/", ""},
      {"./", ""},
      {"a", "a"},
      {"a/", "a"},
      {"/a", "a"},
      {"./a", "a"},
      {"././a/b", "a/b"},
      {"./a//b/", "a/b"},
      {"a/./b", "a/b"},
      {"a/../b", "b"},
      {"/a/../b", "b"},
      {"../foo", "foo"},
      {"../../a/../..", ""},
      {"a/b/../..", ""},
      {"a/b/..", "a"},
      {"a/..b/...", "a/..b/..."},
      {".hidden", ".hidden"},
      {"./.wh.x", ".wh.x"},
      {"a\\b", "a\\b"},
      {"\xFF/\xFE", "\xFF/\xFE"},
  };
  for (const auto& [name, want] : cases) EXPECT_EQ(clean_path(name), want) << name;
}

TEST(Path, safe_path_takes_absolute_and_dotted_names) {
  EXPECT_EQ(safe_path("/usr/./bin//x"), "usr/bin/x");
  EXPECT_EQ(safe_path("./"), "");
  EXPECT_EQ(safe_path("a/..b"), "a/..b");
  EXPECT_EQ(safe_path(std::string(255, 'n')), std::string(255, 'n'));
}

TEST(Path, safe_path_refuses_what_no_tree_can_hold) {
  const std::string long_component = "a/" + std::string(256, 'n') + "/b";
  std::string long_path = "a";
  while (long_path.size() <= kMaxPathSize) long_path += "/a";
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"..", "\"..\""},     {"../etc/passwd", "\"..\""}, {"a/../b", "\"..\""},          {"/..", "\"..\""},
      {"a/b/..", "\"..\""}, {"a\0b"sv, "NUL"},           {long_component, "256 bytes"}, {long_path, "at most 4095"},
  };
  for (const auto& [name, want] : cases) {
    try {
      safe_path(name);
      FAIL() << name << " was accepted";
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(want), std::string_view::npos) << error.what();
      EXPECT_FALSE(error.where().path.empty());
    }
  }
}

TEST(Path, utf8_follows_table_3_7_of_the_standard) {
  for (const std::string_view good :
       {""sv, "plain"sv, "exactly8"sv, "caf\xC3\xA9"sv, "\xED\x9F\xBF\xEE\x80\x80"sv, "\xF0\x90\x80\x80"sv,
        "\xF4\x8F\xBF\xBF"sv, "\0"sv, "long enough for words \xE2\x82\xAC and then some more"sv}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string_view bad :
       {"\x80"sv, "\xC0\xAF"sv, "\xC1\xBF"sv, "\xC3"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xE2\x82"sv,
        "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv, "caf\xE9"sv,
        "long enough for words \xE2\x82 and then some more"sv, "seven77\xC3"sv}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Path, base_and_parent_split_at_the_last_slash) {
  EXPECT_EQ(base_name("a/b/c"), "c");
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(base_name("a"), "a");
  EXPECT_EQ(parent_path("a"), "");
  EXPECT_EQ(base_name(""), "");
  EXPECT_EQ(parent_path(""), "");
}

TEST(Path, shown_name_cuts_off_what_would_fill_a_screen) {
  EXPECT_EQ(shown_name("short"), "short");
  const std::string shown = shown_name(std::string(1 << 20, 'n'));
  EXPECT_LT(shown.size(), 600U);
  EXPECT_TRUE(shown.ends_with("... (1048576 bytes)"));
}

}  // namespace
}  // namespace accel::tar
