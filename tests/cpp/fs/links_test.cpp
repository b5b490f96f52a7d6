#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "fs/layers.hpp"

namespace accel::fs {
namespace {

using tar::EntryType;
using testing::paths_of;
using testing::TarBuilder;
using testing::tree_of;

void expect_refused(std::initializer_list<TarBuilder> layers, std::string_view want) {
  try {
    tree_of(layers);
    FAIL() << "accepted, want: " << want;
  } catch (const FormatError& error) {
    EXPECT_NE(std::string_view(error.what()).find(want), std::string_view::npos) << error.what();
  }
}

TEST(Links, names_of_a_group_share_one_node) {
  const Tree tree = tree_of({TarBuilder().file("a", "x").hardlink("b", "./a").hardlink("d/c", "/b")});
  EXPECT_EQ(paths_of(tree), "/? a b d/? d/c");
  EXPECT_EQ(tree.find("a"), tree.find("b"));
  EXPECT_EQ(tree.find("a"), tree.find("d/c"));
  EXPECT_EQ(tree.find("b")->type, EntryType::regular);
}

TEST(Links, attributes_of_the_target_win) {
  const Tree tree = tree_of({TarBuilder()
                                 .entry({.name = "a", .mode = 0600, .uid = 5}, "content")
                                 .pax({{"SCHILY.xattr.user.x", "v"}})
                                 .entry({.name = "b", .type = '1', .link_name = "a", .mode = 0777, .uid = 9})});
  EXPECT_EQ(tree.find("b")->mode, 0600U);
  EXPECT_EQ(tree.find("b")->uid, 5U);
  EXPECT_TRUE(tree.find("b")->xattrs.empty());
}

TEST(Links, target_may_come_later_also_through_other_links) {
  const Tree tree = tree_of(
      {TarBuilder().hardlink("c", "b").hardlink("b", "a").hardlink("d", "c").file("a", "x").hardlink("e", "d")});
  for (const char* const name : {"b", "c", "d", "e"}) EXPECT_EQ(tree.find(name), tree.find("a")) << name;
}

TEST(Links, target_may_be_of_any_type_but_a_directory) {
  const Tree tree =
      tree_of({TarBuilder().symlink("s", "x").hardlink("t", "s").device("n", '3', 1, 3).hardlink("m", "n")});
  EXPECT_EQ(tree.find("t"), tree.find("s"));
  EXPECT_EQ(tree.find("m")->device_minor, 3U);
}

TEST(Links, target_may_be_in_a_lower_layer) {
  Tree tree = tree_of({TarBuilder().file("a", "old"), TarBuilder().hardlink("b", "a")});
  EXPECT_EQ(tree.find("a"), tree.find("b"));
  testing::add_layer(tree, TarBuilder().file("a", "new one"));
  EXPECT_EQ(tree.find("a")->size, 7U);
  EXPECT_EQ(tree.find("b")->size, 3U);
}

TEST(Links, target_of_its_own_layer_wins_over_a_lower_one_in_any_order) {
  const TarBuilder lower = TarBuilder().file("a", "old");
  for (const TarBuilder& upper :
       {TarBuilder().hardlink("b", "a").file("a", "new one"), TarBuilder().file("a", "new one").hardlink("b", "a")}) {
    const Tree tree = tree_of({lower, upper});
    EXPECT_EQ(tree.find("b")->size, 7U);
    EXPECT_EQ(tree.find("a"), tree.find("b"));
  }
}

TEST(Links, link_keeps_a_lower_target_that_its_layer_then_hides) {
  const TarBuilder lower = TarBuilder().file("a", "old");
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().hardlink("b", "a").file(".wh.a")})), "/? b");
  EXPECT_EQ(tree_of({lower, TarBuilder().hardlink("b", "a").file(".wh.a")}).find("b")->size, 3U);
  const Tree replaced = tree_of({lower, TarBuilder().hardlink("b", "a").directory("a/")});
  EXPECT_EQ(replaced.find("b")->size, 3U);
  EXPECT_EQ(replaced.find("a")->type, EntryType::directory);
}

TEST(Links, link_keeps_the_file_it_was_made_to_when_a_later_entry_replaces_it) {
  const Tree tree = tree_of({TarBuilder().file("a", "1").hardlink("b", "a").file("a", "22")});
  EXPECT_EQ(tree.find("b")->size, 1U);
  EXPECT_EQ(tree.find("a")->size, 2U);
}

TEST(Links, waiting_link_that_is_replaced_or_hidden_is_forgotten) {
  const Tree tree = tree_of({TarBuilder().hardlink("b", "nothing").file("b", "file")});
  EXPECT_EQ(tree.find("b")->type, EntryType::regular);
  EXPECT_EQ(paths_of(tree_of({TarBuilder().hardlink("d/b", "nothing").file("d", "file")})), "/? d");
}

TEST(Links, waiting_link_hides_what_it_replaces) {
  const Tree tree = tree_of({TarBuilder().file("b/old/x"), TarBuilder().hardlink("b", "a").file("a", "x")});
  EXPECT_EQ(paths_of(tree), "/? a b");
}

TEST(Links, links_to_nothing_are_refused) {
  expect_refused({TarBuilder().hardlink("b", "a")},
                 "b: hardlink to a, which is neither in this layer nor in one below");
  expect_refused({TarBuilder().file("a"), TarBuilder().file(".wh.a").hardlink("b", "a")}, "neither");
  expect_refused({TarBuilder().file("a").hardlink("b", "a/below")}, "neither");
}

TEST(Links, links_to_directories_are_refused) {
  expect_refused({TarBuilder().directory("d/").hardlink("b", "d")}, "b: hardlink to d, which is a directory");
  expect_refused({TarBuilder().hardlink("b", "d").file("d/x")}, "which is a directory");
  expect_refused({TarBuilder().directory("d/"), TarBuilder().hardlink("b", "d")}, "which is a directory");
  expect_refused({TarBuilder().hardlink("b", "/")}, "which is a directory");
}

TEST(Links, circles_are_refused) {
  expect_refused({TarBuilder().hardlink("a", "a")}, "a: hardlink to a, that is to itself");
  expect_refused({TarBuilder().file("a").hardlink("a", "./a")}, "itself");
  expect_refused({TarBuilder().hardlink("a", "b").hardlink("b", "a")}, "circle");
  expect_refused({TarBuilder().hardlink("x", "a").hardlink("a", "b").hardlink("b", "c").hardlink("c", "a")}, "circle");
}

TEST(Links, long_chains_take_linear_time_and_no_stack) {
  TarBuilder layer;
  constexpr int kLinks = 100'000;
  for (int i = 0; i < kLinks; ++i) layer.hardlink("l" + std::to_string(i), "l" + std::to_string(i + 1));
  layer.file("l" + std::to_string(kLinks), "x");
  const Tree tree = tree_of({layer});
  EXPECT_EQ(tree.find("l0"), tree.find("l" + std::to_string(kLinks)));
}

}  // namespace
}  // namespace accel::fs
