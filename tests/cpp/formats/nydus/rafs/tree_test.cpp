#include "accel/formats/nydus/rafs/tree.hpp"

#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"

namespace accel::formats::nydus {
namespace {

using tar::EntryType;

std::vector<std::string> names(const Tree& tree, Tree::Name directory) {
  std::vector<std::string> found;
  for (const Tree::Name child : tree.children(directory)) found.emplace_back(tree.name(child));
  return found;
}

Tree::Name add_file(Tree& tree, Tree::Name directory, std::string_view name) {
  return tree.add(directory, name, tree.add_inode({.type = EntryType::regular, .mode = 0644}));
}

Tree::Name add_directory(Tree& tree, Tree::Name directory, std::string_view name) {
  return tree.add(directory, name, tree.add_inode({}));
}

TEST(Tree, begins_with_an_implicit_root) {
  const Tree tree;
  EXPECT_EQ(tree.size(), 1U);
  EXPECT_TRUE(tree.inode(Tree::kRoot).implicit);
  EXPECT_EQ(tree.parent(Tree::kRoot), Tree::kRoot);
  EXPECT_EQ(tree.path(Tree::kRoot), "/");
  EXPECT_EQ(tree.find("/"), Tree::kRoot);
  EXPECT_EQ(tree.find(""), Tree::kRoot);
}

TEST(Tree, children_come_in_byte_order_whatever_the_order_of_adding) {
  Tree tree;
  for (const char* name : {"b", "\xC3\xA4", "a-", "a", "Z", "!x", "aa"}) add_file(tree, Tree::kRoot, name);
  EXPECT_EQ(names(tree, Tree::kRoot), (std::vector<std::string>{"!x", "Z", "a", "a-", "aa", "b", "\xC3\xA4"}));
  add_file(tree, Tree::kRoot, "B");
  EXPECT_EQ(names(tree, Tree::kRoot), (std::vector<std::string>{"!x", "B", "Z", "a", "a-", "aa", "b", "\xC3\xA4"}));
}

TEST(Tree, names_are_found_in_their_directory_only) {
  Tree tree;
  const Tree::Name etc = add_directory(tree, Tree::kRoot, "etc");
  const Tree::Name hosts = add_file(tree, etc, "hosts");
  EXPECT_EQ(tree.find("/etc/hosts"), hosts);
  EXPECT_EQ(tree.find("etc//hosts"), hosts);
  EXPECT_EQ(tree.path(hosts), "/etc/hosts");
  EXPECT_EQ(tree.find("/hosts"), Tree::kNone);
  EXPECT_EQ(tree.find("/etc/hosts/x"), Tree::kNone);
  EXPECT_EQ(tree.child(Tree::kRoot, "hosts"), Tree::kNone);
}

TEST(Tree, removed_names_are_gone_with_all_below_them_and_can_be_added_again) {
  Tree tree;
  const Tree::Name a = add_directory(tree, Tree::kRoot, "a");
  const Tree::Name b = add_directory(tree, a, "b");
  const Tree::Name c = add_file(tree, b, "c");
  add_file(tree, Tree::kRoot, "z");
  tree.remove(a);
  EXPECT_TRUE(tree.removed(a));
  EXPECT_TRUE(tree.removed(c));
  EXPECT_EQ(tree.find("/a"), Tree::kNone);
  EXPECT_EQ(names(tree, Tree::kRoot), std::vector<std::string>{"z"});
  const Tree::Name again = add_file(tree, Tree::kRoot, "a");
  EXPECT_EQ(tree.find("/a"), again);
  EXPECT_EQ(names(tree, Tree::kRoot), (std::vector<std::string>{"a", "z"}));
}

TEST(Tree, a_directory_can_lose_its_children) {
  Tree tree;
  const Tree::Name a = add_directory(tree, Tree::kRoot, "a");
  const Tree::Name b = add_directory(tree, a, "b");
  const Tree::Name c = add_file(tree, b, "c");
  tree.remove_children(a);
  EXPECT_FALSE(tree.removed(a));
  EXPECT_TRUE(tree.removed(c));
  EXPECT_TRUE(tree.children(a).empty());
  EXPECT_EQ(tree.find("/a/b"), Tree::kNone);
}

TEST(Tree, index_finds_every_name_of_many) {
  Tree tree;
  constexpr int kMany = 20'000;
  for (int i = 0; i < kMany; ++i) add_file(tree, Tree::kRoot, "file-" + std::to_string(i));
  for (int i = 0; i < kMany; i += 2) tree.remove(tree.child(Tree::kRoot, "file-" + std::to_string(i)));
  for (int i = 0; i < kMany; ++i) {
    const Tree::Name found = tree.child(Tree::kRoot, "file-" + std::to_string(i));
    ASSERT_EQ(found != Tree::kNone, i % 2 == 1) << i;
    if (found != Tree::kNone) {
      ASSERT_EQ(tree.name(found), "file-" + std::to_string(i));
    }
  }
  EXPECT_EQ(tree.children(Tree::kRoot).size(), kMany / 2U);
}

TEST(Tree, a_path_as_deep_as_a_hostile_bootstrap_can_make_it_is_walked) {
  Tree tree;
  Tree::Name at = Tree::kRoot;
  for (int i = 0; i < 300'000; ++i) at = add_directory(tree, at, "d");
  EXPECT_EQ(tree.path(at).size(), 600'000U);
  tree.remove_children(Tree::kRoot);
  EXPECT_TRUE(tree.removed(at));
}

TEST(Tree, equal_sets_of_attributes_are_one) {
  Tree tree;
  EXPECT_EQ(tree.add_xattrs({}), 0U);
  EXPECT_TRUE(tree.xattrs(0).empty());
  const std::uint32_t first = tree.add_xattrs({{"user.a", "1"}});
  const std::uint32_t other = tree.add_xattrs({{"user.a", "2"}});
  EXPECT_EQ(tree.add_xattrs({{"user.a", "1"}}), first);
  EXPECT_NE(first, other);
  EXPECT_EQ(tree.xattrs(other).at("user.a"), "2");
  EXPECT_EQ(tree.xattr_sets(), 3U);
}

TEST(Tree, texts_keep_their_bytes) {
  Tree tree;
  const std::uint32_t first = tree.add_text("../a");
  const std::uint32_t empty = tree.add_text("");
  add_file(tree, Tree::kRoot, "between");
  const std::uint32_t last = tree.add_text(std::string(4000, 'x'));
  EXPECT_EQ(tree.text(first), "../a");
  EXPECT_EQ(tree.text(empty), "");
  EXPECT_EQ(tree.text(last), std::string(4000, 'x'));
}

TEST(Tree, a_name_of_255_bytes_is_taken) {
  Tree tree;
  const std::string name(255, 'n');
  EXPECT_EQ(tree.find("/" + name), Tree::kNone);
  EXPECT_EQ(tree.name(add_file(tree, Tree::kRoot, name)), name);
}

TEST(Tree, names_no_directory_can_hold_are_refused) {
  Tree tree;
  const Tree::Name etc = add_directory(tree, Tree::kRoot, "etc");
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                                  std::string("a\0b", 3), std::string(256, 'n')}) {
    EXPECT_THROW(add_file(tree, etc, name), FormatError) << name;
  }
  try {
    add_file(tree, etc, std::string(256, 'n'));
  } catch (const FormatError& error) {
    EXPECT_TRUE(error.where().path.starts_with("/etc/nnn")) << error.where().path;
    EXPECT_NE(error.message().find("256 bytes"), std::string::npos) << error.message();
  }
  EXPECT_TRUE(tree.children(etc).empty());
}

}  // namespace
}  // namespace accel::formats::nydus
