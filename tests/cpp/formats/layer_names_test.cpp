#include "accel/formats/layer_names.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats {
namespace {

using namespace std::string_literals;
using Outcome = LayerNames::Outcome;
using tar::EntryType;

tar::Entry entry(std::string name, EntryType type = EntryType::regular, std::string link_name = "") {
  tar::Entry result;
  result.name = std::move(name);
  result.type = type;
  result.link_name = std::move(link_name);
  return result;
}

TEST(LayerNames, fresh_and_repeated_paths_are_told_apart) {
  LayerNames names;
  EXPECT_EQ(names.add(entry("./", EntryType::directory)), Outcome::fresh);
  EXPECT_EQ(names.add(entry("./a/b")), Outcome::fresh);
  EXPECT_EQ(names.path(), "a/b");
  EXPECT_EQ(names.add(entry("a/", EntryType::directory)), Outcome::fresh);  // was implied
  EXPECT_EQ(names.add(entry("a", EntryType::directory)), Outcome::repeated);
  EXPECT_EQ(names.add(entry("/a//b")), Outcome::repeated);
  EXPECT_EQ(names.add(entry("/", EntryType::directory)), Outcome::repeated);
  names.check_links();
}

TEST(LayerNames, links_to_what_was_there_are_fresh_in_any_chain) {
  LayerNames names;
  names.add(entry("f"));
  EXPECT_EQ(names.add(entry("l", EntryType::hardlink, "./f")), Outcome::fresh);
  EXPECT_EQ(names.add(entry("m", EntryType::hardlink, "l")), Outcome::fresh);
  EXPECT_EQ(names.add(entry("s", EntryType::symlink, "nothing")), Outcome::fresh);
  EXPECT_EQ(names.add(entry("t", EntryType::hardlink, "s")), Outcome::fresh);
  names.check_links();
}

TEST(LayerNames, links_that_come_first_are_resolved_at_the_end) {
  LayerNames names;
  EXPECT_EQ(names.add(entry("l", EntryType::hardlink, "m")), Outcome::link_before_target);
  EXPECT_EQ(names.add(entry("k", EntryType::hardlink, "l")), Outcome::link_before_target);
  EXPECT_EQ(names.add(entry("m", EntryType::hardlink, "f")), Outcome::link_before_target);
  EXPECT_THROW(names.check_links(), FormatError);
  names.add(entry("f"));
  names.check_links();
}

TEST(LayerNames, circles_and_directories_at_the_end_of_links_are_refused) {
  LayerNames circle;
  circle.add(entry("a", EntryType::hardlink, "b"));
  circle.add(entry("b", EntryType::hardlink, "a"));
  EXPECT_THROW(circle.check_links(), FormatError);
  LayerNames self;
  self.add(entry("a", EntryType::hardlink, "a"));
  EXPECT_THROW(self.check_links(), FormatError);
  LayerNames directory;
  directory.add(entry("a", EntryType::hardlink, "d"));
  directory.add(entry("d", EntryType::directory));
  EXPECT_THROW(directory.check_links(), FormatError);
}

TEST(LayerNames, long_chains_take_no_quadratic_time) {
  LayerNames names;
  constexpr int kLinks = 100000;
  for (int i = 0; i < kLinks; ++i) {
    names.add(entry(std::to_string(i), EntryType::hardlink, std::to_string(i + 1)));
  }
  names.add(entry(std::to_string(kLinks)));
  names.check_links();
}

TEST(LayerNames, names_that_make_no_tree_are_refused) {
  LayerNames names;
  names.add(entry("file"));
  names.add(entry("link", EntryType::symlink, "/etc"));
  names.add(entry("dir/below"));
  EXPECT_THROW(names.add(entry("file/below")), FormatError);
  EXPECT_THROW(names.add(entry("link/a/b")), FormatError);
  EXPECT_THROW(names.add(entry("dir")), FormatError);
  EXPECT_THROW(names.add(entry("x", EntryType::hardlink, "dir")), FormatError);
  EXPECT_THROW(names.add(entry(".")), FormatError);
  EXPECT_THROW(names.add(entry("../up")), FormatError);
  EXPECT_THROW(names.add(entry("nul\0name"s)), FormatError);
  EXPECT_EQ(names.add(entry("dir/next")), Outcome::fresh);
}

TEST(TocObstacle, text_and_times_are_checked) {
  EXPECT_EQ(toc_obstacle(entry("good")), "");
  EXPECT_NE(toc_obstacle(entry("bad\xff")), "");
  EXPECT_NE(toc_obstacle(entry("l", EntryType::symlink, "bad\xc0\x80")), "");
  tar::Entry attribute = entry("a");
  attribute.xattrs["user.\xff"] = "";
  EXPECT_NE(toc_obstacle(attribute), "");
  attribute = entry("a");
  attribute.xattrs["user.a"] = "\xff";
  attribute.user_name = "\xff";
  EXPECT_EQ(toc_obstacle(attribute), "");
  tar::Entry late = entry("a");
  late.mtime = {253402300799, 0};
  EXPECT_EQ(toc_obstacle(late), "");
  late.mtime.nanoseconds = 1;  // would round into year 10000
  EXPECT_NE(toc_obstacle(late), "");
  tar::Entry early = entry("a");
  early.atime = tar::Time{-62135596801, 0};
  EXPECT_NE(toc_obstacle(early), "");
}

TEST(GlobalHeader, is_found_among_the_header_blocks) {
  using accel::testing::TarBuilder;
  EXPECT_FALSE(has_global_header({}));
  EXPECT_FALSE(has_global_header(as_bytes(TarBuilder().file("a").text())));
  const std::string local = TarBuilder().pax({{"comment", std::string(2000, 'c')}}).gnu_long_name("n").file("a").text();
  EXPECT_FALSE(has_global_header(as_bytes(local)));
  const std::string global =
      TarBuilder().pax({{"comment", "1"}}).pax({{"comment", std::string(600, 'c')}}, 'g').file("a").text();
  EXPECT_TRUE(has_global_header(as_bytes(global)));
}

}  // namespace
}  // namespace accel::formats
