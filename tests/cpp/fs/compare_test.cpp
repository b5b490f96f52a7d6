#include <gtest/gtest.h>

#include <limits>

#include "fs/layers.hpp"

namespace accel::fs {

void PrintTo(const TreeDifference& difference, std::ostream* out) {
  *out << difference.path << " | " << difference.field << " | " << difference.left << " | " << difference.right;
}
bool operator==(const TreeDifference& a, const TreeDifference& b) {
  return a.path == b.path && a.field == b.field && a.left == b.left && a.right == b.right;
}

namespace {

using testing::TarBuilder;
using testing::tree_of;

using Differences = std::vector<TreeDifference>;

Differences compare_layers(const TarBuilder& left, const TarBuilder& right, bool whole_seconds = false) {
  return compare(tree_of({left}), tree_of({right}), whole_seconds);
}

TEST(Compare, equal_trees_have_no_differences) {
  TarBuilder layer;
  layer.directory("./")
      .directory("d/")
      .file("d/a", "x")
      .hardlink("d/b", "d/a")
      .symlink("s", "t")
      .device("n", '3', 1, 3);
  EXPECT_EQ(compare_layers(layer, layer), Differences{});
  const Tree split = tree_of({TarBuilder().directory("./").directory("d/").file("d/a", "old").file("gone"),
                              TarBuilder().file("d/a", "x").hardlink("d/b", "d/a").file(".wh.gone"),
                              TarBuilder().symlink("s", "t").device("n", '3', 1, 3)});
  EXPECT_EQ(compare(tree_of({layer}), split, false), Differences{});
}

TEST(Compare, each_field_is_compared) {
  struct Case {
    TarBuilder left, right;
    Differences want;
  };
  const std::string digest_x = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const std::string digest_y = "sha256:a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa";
  const Case cases[] = {
      {TarBuilder().file("f"),
       TarBuilder().fifo("f"),
       {{"f", "type", "regular file", "fifo"},
        {"f", "content", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""}}},
      {TarBuilder().file("f", "", 0644), TarBuilder().file("f", "", 04755), {{"f", "mode", "0644", "04755"}}},
      {TarBuilder().entry({.name = "f", .uid = 1}), TarBuilder().file("f"), {{"f", "uid", "1", "0"}}},
      {TarBuilder().file("f"), TarBuilder().entry({.name = "f", .gid = 7}), {{"f", "gid", "0", "7"}}},
      {TarBuilder().entry({.name = "f", .mtime = 1700000000}),
       TarBuilder().pax({{"mtime", "-1.5"}}).file("f"),
       {{"f", "mtime", "2023-11-14T22:13:20Z", "1969-12-31T23:59:58.500000000Z"}}},
      {TarBuilder().file("f", "x"), TarBuilder().file("f", "y"), {{"f", "content", digest_x, digest_y}}},
      {TarBuilder().symlink("f", "a"), TarBuilder().symlink("f", "b"), {{"f", "link target", "a", "b"}}},
      {TarBuilder().device("f", '3', 1, 3), TarBuilder().device("f", '3', 1, 5), {{"f", "device", "1:3", "1:5"}}},
      {TarBuilder().pax({{"SCHILY.xattr.user.a", "1"}, {"SCHILY.xattr.user.b", "v"}}).file("f"),
       TarBuilder().pax({{"SCHILY.xattr.user.a", "2"}, {"SCHILY.xattr.user.c", "\x01\xFF"}}).file("f"),
       {{"f", "xattr user.a", "\"1\"", "\"2\""},
        {"f", "xattr user.b", "\"v\"", ""},
        {"f", "xattr user.c", "", "0x01ff"}}},
      {TarBuilder().file("f").file("d/a").file("d/b"),
       TarBuilder().file("f"),
       {{"d", "only in source", "directory", ""},
        {"d/a", "only in source", "regular file", ""},
        {"d/b", "only in source", "regular file", ""}}},
      {TarBuilder().file("m"),
       TarBuilder().file("a").file("m").symlink("z", "m"),
       {{"a", "only in target", "", "regular file"}, {"z", "only in target", "", "symlink"}}},
  };
  for (const Case& c : cases) EXPECT_EQ(compare_layers(c.left, c.right), c.want);
}

TEST(Compare, size_is_compared) {
  const Differences differences = compare_layers(TarBuilder().file("f", "xx"), TarBuilder().file("f", "x"));
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0], (TreeDifference{"f", "size", "2", "1"}));
  EXPECT_EQ(differences[1].field, "content");
}

TEST(Compare, differences_come_in_order_of_paths) {
  const Differences differences = compare_layers(TarBuilder().file("a/z").file("b").file("c/d/e"),
                                                 TarBuilder().file("a-").file("a/z", "", 0600).file("c/d/f"));
  std::string paths;
  for (const TreeDifference& difference : differences) paths += difference.path + " ";
  EXPECT_EQ(paths, "a/z a- b c/d/e c/d/f ");
}

TEST(Compare, hardlink_groups_must_be_the_same) {
  const TarBuilder linked = TarBuilder().file("a", "x").hardlink("b", "a").hardlink("c", "a");
  const TarBuilder copied = TarBuilder().file("a", "x").file("b", "x").file("c", "x");
  EXPECT_EQ(compare_layers(linked, copied), (Differences{{"b", "hardlinks", "a", ""}, {"c", "hardlinks", "a", ""}}));
  EXPECT_EQ(compare_layers(linked, TarBuilder().file("a", "x").file("b", "x").hardlink("c", "b")),
            (Differences{{"b", "hardlinks", "a", ""}, {"c", "hardlinks", "a", "b"}}));
  EXPECT_EQ(compare_layers(linked, TarBuilder().file("c", "x").hardlink("a", "c").hardlink("b", "c")), Differences{});
}

TEST(Compare, times_can_be_compared_as_estargz_rounds_them) {
  struct Case {
    std::string left, right;
    bool equal;
  };
  const Case cases[] = {
      {"20.6", "21", true},   {"20.5", "21", true}, {"20.499999999", "20", true},
      {"20.5", "20", false},  {"-0.5", "0", true},  {"-1.6", "-2", true},
      {"20.6", "20.7", true}, {"20", "21", false},  {"9223372036854775807.9", "9223372036854775807", true},
  };
  for (const Case& c : cases) {
    const TarBuilder left = TarBuilder().pax({{"mtime", c.left}}).file("f");
    const TarBuilder right = TarBuilder().pax({{"mtime", c.right}}).file("f");
    EXPECT_EQ(compare_layers(left, right, true).empty(), c.equal) << c.left;
    EXPECT_EQ(compare_layers(left, right, false).empty(), c.left == c.right) << c.left;
  }
}

TEST(Compare, times_outside_the_calendar_are_shown_as_seconds) {
  const Differences differences = compare_layers(TarBuilder().pax({{"mtime", "9223372036854775807.25"}}).file("f"),
                                                 TarBuilder().pax({{"mtime", "-62135596801"}}).file("f"));
  EXPECT_EQ(differences, (Differences{{"f", "mtime", "@9223372036854775807.250000000", "0000-12-31T23:59:59Z"}}));
}

TEST(Compare, implicit_directories_have_only_a_type) {
  const TarBuilder implied = TarBuilder().file("d/f");
  const TarBuilder stated =
      TarBuilder().entry({.name = "d/", .type = '5', .mode = 0700, .uid = 3, .mtime = 9}).file("d/f");
  EXPECT_EQ(compare_layers(implied, stated), Differences{});
  EXPECT_EQ(compare_layers(stated, implied), Differences{});
  EXPECT_EQ(compare_layers(implied, TarBuilder().symlink("d", "x")),
            (Differences{{"d", "type", "directory", "symlink"}, {"d/f", "only in source", "regular file", ""}}));
}

}  // namespace
}  // namespace accel::fs
