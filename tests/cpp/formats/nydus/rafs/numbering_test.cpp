#include "accel/formats/nydus/rafs/numbering.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "formats/nydus/sample_rafs.hpp"

namespace accel::formats::nydus {
namespace {

using testing::RafsBuilder;

std::vector<std::string> paths(const Tree& tree, const Numbering& numbering) {
  std::vector<std::string> found;
  for (const Tree::Name name : numbering.names) found.push_back(tree.path(name));
  return found;
}

TEST(Numbering, children_follow_each_other_and_directories_are_descended_one_by_one) {  // rafs-v6.md 6.2
  RafsBuilder builder;
  builder.directory("/b").file("/c").directory("/a").file("/b/x").directory("/a/n").file("/a/n/deep").file("/a/m");
  const Numbering numbering = number_names(builder.rafs.tree);
  EXPECT_EQ(paths(builder.rafs.tree, numbering),
            (std::vector<std::string>{"/", "/a", "/b", "/c", "/a/m", "/a/n", "/a/n/deep", "/b/x"}));
  std::vector<std::string> directories;
  for (const Numbering::Directory& directory : numbering.directories) {
    directories.push_back(builder.rafs.tree.path(directory.name) + " " + std::to_string(directory.index) + " in " +
                          std::to_string(directory.parent) + ": " + std::to_string(directory.first_child) + " + " +
                          std::to_string(directory.child_count));
  }
  EXPECT_EQ(directories, (std::vector<std::string>{"/ 1 in 0: 2 + 3", "/a 2 in 0: 5 + 2", "/a/n 6 in 1: 7 + 1",
                                                   "/b 3 in 0: 8 + 1"}));
}

TEST(Numbering, links_are_counted) {
  RafsBuilder builder;
  builder.directory("/d").directory("/d/e").file("/d/f").link("/g", "/d/f").link("/d/e/h", "/d/f");
  const Numbering numbering = number_names(builder.rafs.tree);
  const auto links = [&](const char* path) {
    return numbering.link_counts[builder.rafs.tree.inode_number(builder.name(path))];
  };
  EXPECT_EQ(links("/"), 3U);
  EXPECT_EQ(links("/d"), 3U);
  EXPECT_EQ(links("/d/e"), 2U);
  EXPECT_EQ(links("/g"), 3U);
  EXPECT_EQ(numbering.inode_count, 4U);
  EXPECT_EQ(numbering.first_index[builder.rafs.tree.inode_number(builder.name("/d/f"))], 3U);
}

TEST(Numbering, removed_names_and_inodes_nobody_has_are_left_out) {
  RafsBuilder builder;
  builder.directory("/d").file("/d/x").file("/y");
  builder.rafs.tree.remove(builder.name("/d"));
  const Numbering numbering = number_names(builder.rafs.tree);
  EXPECT_EQ(paths(builder.rafs.tree, numbering), (std::vector<std::string>{"/", "/y"}));
  EXPECT_EQ(numbering.inode_count, 2U);
}

TEST(Numbering, a_directory_with_two_names_is_refused) {
  RafsBuilder builder;
  builder.directory("/d").link("/e", "/d");
  EXPECT_THROW(number_names(builder.rafs.tree), FormatError);
}

}  // namespace
}  // namespace accel::formats::nydus
