#include "accel/fs/overlay.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "fs/layers.hpp"

namespace accel::fs {
namespace {

using testing::paths_of;
using testing::TarBuilder;
using testing::tree_of;

TEST(Overlay, names_are_told_apart) {
  using Kind = Whiteout::Kind;
  struct Case {
    std::string_view path;
    Kind kind;
    std::string_view directory = {}, target = {};
  };
  const Case cases[] = {
      {"", Kind::none},
      {"a/b", Kind::none},
      {"a/x.wh.y", Kind::none},
      {"a/.wha", Kind::none},
      {".wh.a", Kind::file, "", "a"},
      {"d/e/.wh.a.b", Kind::file, "d/e", "a.b"},
      {"d/.wh..hidden", Kind::file, "d", ".hidden"},
      {"d/.wh.....", Kind::file, "d", "...."},
      {".wh..wh..opq", Kind::opaque, ""},
      {"d/.wh..wh..opq", Kind::opaque, "d"},
      {".wh..wh.plnk", Kind::reserved},
      {".wh..wh.plnk/12.34", Kind::reserved},
      {"d/.wh..wh.aufs", Kind::reserved},
      {"d/.wh..wh..opq/x", Kind::reserved},
      {".wh.", Kind::malformed},
      {"d/.wh..", Kind::malformed},
      {"d/.wh...", Kind::malformed},
      {".wh.d/x", Kind::malformed},
      {".wh.d/.wh.x", Kind::malformed},
  };
  for (const Case& c : cases) {
    const Whiteout whiteout = whiteout_of(c.path);
    EXPECT_EQ(whiteout.kind, c.kind) << c.path;
    if (c.kind != Kind::file && c.kind != Kind::opaque) continue;
    EXPECT_EQ(whiteout.directory, c.directory) << c.path;
    EXPECT_EQ(whiteout.target, c.target) << c.path;
  }
}

TEST(Overlay, whiteout_hides_a_file_of_a_lower_layer) {
  const Tree tree = tree_of({TarBuilder().directory("d/").file("d/a").file("d/b"), TarBuilder().file("d/.wh.a")});
  EXPECT_EQ(paths_of(tree), "/? d/ d/b");
  EXPECT_EQ(tree.size(), 3U);
}

TEST(Overlay, whiteout_hides_a_whole_directory) {
  const Tree tree = tree_of({TarBuilder().file("d/e/f").file("d/g").file("h"), TarBuilder().file(".wh.d")});
  EXPECT_EQ(paths_of(tree), "/? h");
  EXPECT_EQ(tree.size(), 2U);
}

TEST(Overlay, whiteout_of_nothing_hides_nothing) {
  EXPECT_EQ(paths_of(tree_of({TarBuilder().file("a"), TarBuilder().file(".wh.b").file("a/.wh.c")})), "/? a/?");
  EXPECT_EQ(paths_of(tree_of({TarBuilder().file(".wh.b").file("new/.wh.c").file("a")})), "/? a new/?");
}

TEST(Overlay, whiteouts_in_the_lowest_layer_disappear) {
  EXPECT_EQ(paths_of(tree_of({TarBuilder().file(".wh.a").file("b").file(".wh..wh..opq")})), "/? b");
}

/// The same entries in both orders, whiteout first and last.
void expect_in_any_order(const TarBuilder& lower, const TarBuilder& additions, const std::string& whiteout,
                         const std::string& want) {
  const TarBuilder mark = TarBuilder().file(whiteout);
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().raw(mark.text()).raw(additions.text())})), want) << "first";
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().raw(additions.text()).raw(mark.text())})), want) << "last";
}

TEST(Overlay, whiteout_keeps_what_its_own_layer_adds) {
  const TarBuilder lower = TarBuilder().directory("d/").file("d/old").file("d/both", "old").file("d/e/deep");
  expect_in_any_order(lower, TarBuilder().file("d", "now a file"), ".wh.d", "/? d");
  expect_in_any_order(lower, TarBuilder().directory("d/").file("d/new"), ".wh.d", "/? d/ d/new");
  expect_in_any_order(lower, TarBuilder().file("d/new"), ".wh.d", "/? d/? d/new");
  expect_in_any_order(lower, TarBuilder().file("d/both", "new"), "d/.wh.both", "/? d/ d/both d/e/? d/e/deep d/old");
  expect_in_any_order(lower, TarBuilder().file("d/e/x/y"), ".wh.d", "/? d/? d/e/? d/e/x/? d/e/x/y");
}

TEST(Overlay, opaque_directory_keeps_what_its_own_layer_adds_and_its_attributes) {
  const TarBuilder lower = TarBuilder().directory("d/", 0700).file("d/old").file("d/e/deep").file("f");
  expect_in_any_order(lower, TarBuilder().file("d/new"), "d/.wh..wh..opq", "/? d/ d/new f");
  expect_in_any_order(lower, TarBuilder().directory("d/").file("d/e/new"), "d/.wh..wh..opq", "/? d/ d/e/? d/e/new f");
  expect_in_any_order(lower, TarBuilder().file("new"), ".wh..wh..opq", "/? new");
  const Tree tree = tree_of({lower, TarBuilder().file("d/.wh..wh..opq")});
  EXPECT_EQ(tree.find("d")->mode, 0700U);
}

TEST(Overlay, directory_that_is_hidden_and_implied_again_has_no_old_attributes) {
  const TarBuilder lower = TarBuilder().directory("d/", 0700).directory("d/e/", 0711);
  for (const bool first : {true, false}) {
    TarBuilder upper;
    if (first) upper.file(".wh.d");
    upper.file("d/e/new");
    if (!first) upper.file(".wh.d");
    const Tree tree = tree_of({lower, upper});
    EXPECT_EQ(tree.find("d")->mode, 0755U) << first;
    EXPECT_TRUE(tree.find("d")->implicit) << first;
    EXPECT_TRUE(tree.find("d/e")->implicit) << first;
  }
}

TEST(Overlay, later_layers_add_again_what_was_hidden) {
  const Tree tree = tree_of({TarBuilder().file("a", "1").file("d/x"), TarBuilder().file(".wh.a").file(".wh.d"),
                             TarBuilder().file("a", "3").file("d/y")});
  EXPECT_EQ(paths_of(tree), "/? a d/? d/y");
  EXPECT_EQ(tree.find("a")->size, 1U);
}

TEST(Overlay, bookkeeping_of_aufs_is_ignored) {
  EXPECT_EQ(paths_of(tree_of({TarBuilder().directory(".wh..wh.plnk/").file(".wh..wh.plnk/1.2", "x").file("a")})),
            "/? a");
}

TEST(Overlay, malformed_whiteouts_are_refused) {
  for (const char* const name : {".wh.", "d/.wh..", ".wh...", ".wh.d/file"}) {
    EXPECT_THROW(tree_of({TarBuilder().file("d/x"), TarBuilder().file(name)}), FormatError) << name;
  }
}

}  // namespace
}  // namespace accel::fs
