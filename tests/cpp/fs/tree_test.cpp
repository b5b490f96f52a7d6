#include "accel/fs/tree.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "fs/layers.hpp"

namespace accel::fs {
namespace {

using tar::EntryType;
using testing::paths_of;
using testing::TarBuilder;
using testing::tree_of;

std::string message_of(std::initializer_list<TarBuilder> layers) {
  try {
    tree_of(layers);
  } catch (const FormatError& error) {
    EXPECT_FALSE(error.where().path.empty());
    return error.what();
  }
  return "accepted";
}

TEST(Tree, empty_tree_is_an_implicit_root) {
  const Tree tree;
  EXPECT_EQ(paths_of(tree), "/?");
  EXPECT_EQ(tree.size(), 1U);
  EXPECT_EQ(paths_of(tree_of({TarBuilder()})), "/?");
}

TEST(Tree, nodes_hold_what_entries_say) {
  const Tree tree = tree_of({TarBuilder()
                                 .entry({.name = "./", .type = '5', .mode = 040700, .uid = 1})
                                 .pax({{"mtime", "5.5"}, {"SCHILY.xattr.user.x", "v"}})
                                 .entry({.name = "file", .mode = 0104755, .uid = 1000, .gid = 2000}, "content")
                                 .symlink("link", "../x")
                                 .device("char", '3', 1, 3)
                                 .device("block", '4', 8, 0)
                                 .fifo("fifo")
                                 .entry({.name = "regular", .device_major = 7})});
  const auto root = tree.find("");
  EXPECT_EQ(root->mode, 0700U);
  EXPECT_EQ(root->uid, 1U);
  EXPECT_FALSE(root->implicit);
  const auto file = tree.find("file");
  EXPECT_EQ(file->mode, 04755U);
  EXPECT_EQ(file->uid, 1000U);
  EXPECT_EQ(file->gid, 2000U);
  EXPECT_EQ(file->size, 7U);
  EXPECT_EQ(file->mtime, (tar::Time{5, 500'000'000}));
  EXPECT_EQ(file->xattrs.at("user.x"), "v");
  EXPECT_EQ(file->content, hash::sha256(as_bytes("content")));
  EXPECT_EQ(tree.find("link")->link_target, "../x");
  EXPECT_TRUE(tree.find("link")->content.empty());
  EXPECT_EQ(tree.find("char")->type, EntryType::character);
  EXPECT_EQ(tree.find("char")->device_minor, 3U);
  EXPECT_EQ(tree.find("block")->device_major, 8U);
  EXPECT_EQ(tree.find("fifo")->type, EntryType::fifo);
  EXPECT_EQ(tree.find("regular")->device_major, 0U);
  EXPECT_EQ(tree.find("regular")->content, hash::sha256({}));
  EXPECT_EQ(tree.find("nothing"), nullptr);
  EXPECT_EQ(tree.find("file/below"), nullptr);
}

TEST(Tree, paths_come_in_byte_order_of_components) {
  const Tree tree = tree_of({TarBuilder()
                                 .file("b")
                                 .file("a.txt")
                                 .file("a/z")
                                 .file("a/b/c")
                                 .file("a-b")
                                 .file("\xFF")
                                 .file("\x7F")
                                 .file("/abs")
                                 .file("./dot//x")});
  EXPECT_EQ(paths_of(tree), "/? a/? a/b/? a/b/c a/z a-b a.txt abs b dot/? dot/x \x7F \xFF");
  EXPECT_EQ(tree.size(), 13U);
}

TEST(Tree, directory_may_come_after_its_children) {
  const Tree tree = tree_of({TarBuilder().file("d/e/f").directory("d/", 0700).directory("d/e/", 0711)});
  EXPECT_EQ(paths_of(tree), "/? d/ d/e/ d/e/f");
  EXPECT_EQ(tree.find("d")->mode, 0700U);
}

TEST(Tree, later_entry_of_a_path_replaces_an_earlier_one) {
  EXPECT_EQ(tree_of({TarBuilder().file("a", "old").file("./a", "newer")}).find("a")->size, 5U);
  EXPECT_EQ(paths_of(tree_of({TarBuilder().file("d/x").file("d")})), "/? d");
  EXPECT_EQ(paths_of(tree_of({TarBuilder().file("d").directory("d/").file("d/x")})), "/? d/ d/x");
  EXPECT_EQ(paths_of(tree_of({TarBuilder().directory("d/", 0700).file("d/x").directory("d/", 0711)})), "/? d/ d/x");
}

TEST(Tree, upper_layer_replaces_types) {
  const TarBuilder lower = TarBuilder().file("d/e/x").file("f").symlink("s", "d");
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().file("d")})), "/? d f s");
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().symlink("d", "f")})), "/? d f s");
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().directory("f/").file("f/g")})), "/? d/? d/e/? d/e/x f/ f/g s");
  EXPECT_EQ(paths_of(tree_of({lower, TarBuilder().directory("d/").file("d/y")})), "/? d/ d/e/? d/e/x d/y f s");
  EXPECT_EQ(tree_of({lower, TarBuilder().file("d")}).size(), 4U);
}

TEST(Tree, implied_directory_keeps_the_attributes_of_the_lower_layer) {
  const TarBuilder lower = TarBuilder().entry({.name = "d/", .type = '5', .mode = 0700, .uid = 33, .gid = 33});
  const Tree tree = tree_of({lower, TarBuilder().file("d/new")});
  EXPECT_EQ(tree.find("d")->mode, 0700U);
  EXPECT_EQ(tree.find("d")->uid, 33U);
  EXPECT_FALSE(tree.find("d")->implicit);
}

TEST(Tree, missing_root_entry_keeps_the_lower_root) {
  const Tree tree = tree_of({TarBuilder().directory("./", 0711), TarBuilder().file("a")});
  EXPECT_EQ(tree.find("")->mode, 0711U);
}

TEST(Tree, implied_directory_replaces_a_link_or_file_of_a_lower_layer) {
  const TarBuilder lower = TarBuilder().symlink("lib", "usr/lib").file("file");
  const Tree tree = tree_of({lower, TarBuilder().file("lib/x").file("file/y")});
  EXPECT_EQ(paths_of(tree), "/? file/? file/y lib/? lib/x");
  EXPECT_EQ(tree.find("lib")->mode, 0755U);
}

TEST(Tree, path_through_what_is_no_directory_in_its_layer_is_refused) {
  EXPECT_NE(message_of({TarBuilder().symlink("a", "/etc").file("a/passwd")})
                .find("a/passwd: its parent a is a symlink of the same layer"),
            std::string::npos);
  EXPECT_NE(message_of({TarBuilder().file("f").file("f/x/y")}).find("parent f is a regular file"), std::string::npos);
  EXPECT_NE(message_of({TarBuilder().directory("a/"), TarBuilder().symlink("a", "/").file("a/.wh.b")}).find("symlink"),
            std::string::npos);
  EXPECT_NE(message_of({TarBuilder().file("t").hardlink("h", "later").file("h/x")}).find("hardlink"),
            std::string::npos);
}

TEST(Tree, unsafe_names_are_refused) {
  EXPECT_NE(message_of({TarBuilder().file("../x")}).find("\"..\""), std::string::npos);
  EXPECT_NE(message_of({TarBuilder().file("a/../x")}).find("\"..\""), std::string::npos);
  EXPECT_NE(message_of({TarBuilder().pax({{"path", std::string(256, 'n')}}).file("x")}).find("256 bytes"),
            std::string::npos);
  EXPECT_NE(message_of({TarBuilder().file("x").hardlink("y", "../x")}).find("\"..\""), std::string::npos);
  EXPECT_EQ(message_of({TarBuilder().file("/absolute").file("./..a")}), "accepted");
}

TEST(Tree, root_must_be_a_directory) {
  for (const char type : {'0', '1', '2'}) {
    EXPECT_NE(message_of({TarBuilder().file("f").entry({.name = "./", .type = type, .link_name = "f"})}).find("root"),
              std::string::npos)
        << type;
  }
}

TEST(Tree, number_of_paths_is_limited) {
  Tree tree(4);
  EXPECT_NO_THROW(testing::add_layer(tree, TarBuilder().file("a/b/c")));
  EXPECT_NO_THROW(testing::add_layer(tree, TarBuilder().file(".wh.a").file("x/y/z")));
  EXPECT_EQ(tree.size(), 4U);
  EXPECT_THROW(testing::add_layer(tree, TarBuilder().file("q")), FormatError);
}

TEST(Tree, deepest_possible_path_is_no_trouble) {
  std::string path = "a";
  while (path.size() + 2 <= 4095) path += "/a";
  TarBuilder layer;
  layer.pax({{"path", path}}).file("x");
  Tree tree = tree_of({layer, TarBuilder().file("a/new")});
  EXPECT_EQ(tree.size(), 1U + 2048U + 1U);
  testing::add_layer(tree, TarBuilder().file(".wh.a"));
  EXPECT_EQ(tree.size(), 1U);
}

TEST(Tree, trees_can_be_moved) {
  Tree tree = tree_of({TarBuilder().file("a")});
  Tree other = std::move(tree);
  EXPECT_EQ(paths_of(other), "/? a");
  tree = std::move(other);
  EXPECT_EQ(paths_of(tree), "/? a");
}

}  // namespace
}  // namespace accel::fs
