#include "accel/formats/nydus/tree_builder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/merge.hpp"
#include "formats/nydus/sample_rafs.hpp"

namespace accel::formats::nydus {
namespace {

using tar::Entry;
using tar::EntryType;
using testing::listing;
using Lines = std::vector<std::string>;

Entry make(std::string name, EntryType type, std::uint32_t mode) {
  Entry entry;
  entry.name = std::move(name);
  entry.type = type;
  entry.mode = mode;
  return entry;
}

Entry file(std::string name, std::uint32_t mode = 0644) { return make(std::move(name), EntryType::regular, mode); }

Entry directory(std::string name, std::uint32_t mode = 0755) {
  return make(std::move(name), EntryType::directory, mode);
}

Entry link(std::string name, std::string target, EntryType type = EntryType::hardlink) {
  Entry entry = make(std::move(name), type, 0644);
  entry.link_name = std::move(target);
  return entry;
}

Rafs build(const std::vector<Entry>& entries, FsVersion version = FsVersion::v6, TreeBuilder::Note note = {}) {
  Rafs rafs;
  rafs.version = version;
  TreeBuilder builder(rafs, std::move(note));
  for (const Entry& entry : entries) builder.add(entry);
  builder.finish();
  return rafs;
}

/// The message of the error, which begins with the path.
std::string problem_of(const std::vector<Entry>& entries, FsVersion version = FsVersion::v6) {
  try {
    build(entries, version);
  } catch (const FormatError& error) {
    return error.message();
  }
  return "none";
}

TEST(TreeBuilder, an_empty_layer_has_an_implicit_root) { EXPECT_EQ(listing(build({})), Lines{"/ d755 0 implicit"}); }

TEST(TreeBuilder, names_are_cleaned_and_attributes_kept) {
  Entry root = directory("./", 0700);
  root.uid = 5;
  Entry large = file("./usr//bin/x", 0104755);
  large.uid = UINT32_MAX;
  large.gid = 70000;
  large.size = 5'000'000'000;
  large.mtime = {.seconds = -1, .nanoseconds = 999};
  large.xattrs = {{"security.capability", std::string("\1\0\0\2", 4)}};
  const Rafs rafs = build({root, directory("/usr/"), directory("usr/bin"), large});
  const Inode& inode = rafs.tree.inode(rafs.tree.find("/usr/bin/x"));
  EXPECT_EQ(inode.mode, 04755);
  EXPECT_EQ(inode.uid, UINT32_MAX);
  EXPECT_EQ(inode.gid, 70000U);
  EXPECT_EQ(inode.size, 5'000'000'000U);
  EXPECT_EQ(inode.mtime, -1);
  EXPECT_EQ(inode.mtime_nanoseconds, 999U);
  EXPECT_EQ(rafs.tree.xattrs(inode.xattrs).at("security.capability").size(), 4U);
  EXPECT_EQ(listing(rafs)[0], "/ d700 5");
}

TEST(TreeBuilder, parents_without_an_entry_are_implicit_until_one_comes) {
  EXPECT_EQ(listing(build({file("a/b/c")})),
            (Lines{"/ d755 0 implicit", "/a d755 0 implicit", "/a/b d755 0 implicit", "/a/b/c f644 0"}));
  EXPECT_EQ(listing(build({file("a/b/c"), directory("a", 0700)})),
            (Lines{"/ d755 0 implicit", "/a d700 0", "/a/b d755 0 implicit", "/a/b/c f644 0"}));
}

TEST(TreeBuilder, a_later_entry_replaces_an_earlier_one) {
  EXPECT_EQ(listing(build({file("a", 0600), file("b"), file("a", 0640)})),
            (Lines{"/ d755 0 implicit", "/a f640 0", "/b f644 0"}));
  EXPECT_EQ(listing(build({directory("d"), file("d/x"), directory("d", 0700)})),
            (Lines{"/ d755 0 implicit", "/d d700 0", "/d/x f644 0"}));
  EXPECT_EQ(listing(build({directory("d"), file("d/x"), file("d")})), (Lines{"/ d755 0 implicit", "/d f644 0"}));
  EXPECT_EQ(listing(build({directory("d"), file("d/x"), file("d"), directory("d"), file("d/y")})),
            (Lines{"/ d755 0 implicit", "/d d755 0", "/d/y f644 0"}));
}

TEST(TreeBuilder, hardlinks_share_the_inode_and_its_attributes) {  // corrections.md 6
  Lines notes;
  Entry differing = link("c", "./a");
  differing.mode = 0600;
  const Rafs rafs = build({file("a", 0755), link("b", "/a"), differing, link("d", "b")}, FsVersion::v6,
                          [&](std::string note) { notes.push_back(std::move(note)); });
  EXPECT_EQ(listing(rafs), (Lines{"/ d755 0 implicit", "/a f755 0", "/b = /a", "/c = /a", "/d = /a"}));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0],
            "3 hardlinks state other attributes than the files they are links to (b); those of the files are kept");
}

TEST(TreeBuilder, hardlinks_that_come_before_their_target_are_resolved_at_the_end) {  // corrections.md 12
  EXPECT_EQ(listing(build({link("a", "b"), link("b", "d/c"), file("z"), file("d/c", 0600)})),
            (Lines{"/ d755 0 implicit", "/a f600 0", "/b = /a", "/d d755 0 implicit", "/d/c = /a", "/z f644 0"}));
}

TEST(TreeBuilder, a_replaced_hardlink_is_not_resolved) {
  EXPECT_EQ(listing(build({link("a", "nothing"), file("a", 0600)})), (Lines{"/ d755 0 implicit", "/a f600 0"}));
  EXPECT_EQ(listing(build({link("d/a", "nothing"), file("d")})), (Lines{"/ d755 0 implicit", "/d f644 0"}));
  EXPECT_EQ(listing(build({link("a", "nothing"), link("a", "b"), file("b", 0600)})),
            (Lines{"/ d755 0 implicit", "/a f600 0", "/b = /a"}));
}

TEST(TreeBuilder, a_link_keeps_the_file_whose_name_is_replaced_later) {
  EXPECT_EQ(listing(build({file("a", 0600), link("b", "a"), file("a", 0644)})),
            (Lines{"/ d755 0 implicit", "/a f644 0", "/b f600 0"}));
}

TEST(TreeBuilder, other_kinds_of_files_are_copied_by_a_hardlink) {  // rafs-v6.md 10
  EXPECT_EQ(listing(build({link("l", "to", EntryType::symlink), link("m", "l"), link("n", "o"),
                           link("o", "to", EntryType::symlink)})),
            (Lines{"/ d755 0 implicit", "/l l644 0 -> to", "/m l644 0 -> to", "/n l644 0 -> to", "/o l644 0 -> to"}));
}

TEST(TreeBuilder, hardlinks_that_lead_nowhere_are_refused) {
  EXPECT_EQ(problem_of({link("a", "b")}), "/a: it is a hardlink to b, which is not in this layer");
}

TEST(TreeBuilder, whiteouts_stay_files) {
  EXPECT_EQ(listing(build({file(".wh.a"), file("d/.wh..wh..opq")})),
            (Lines{"/ d755 0 implicit", "/.wh.a f644 0", "/d d755 0 implicit", "/d/.wh..wh..opq f644 0"}));
}

TEST(TreeBuilder, what_estargz_added_is_no_part_of_the_tree) {
  Rafs rafs;
  TreeBuilder builder(rafs);
  EXPECT_EQ(builder.add(file("stargz.index.json")), std::nullopt);
  EXPECT_EQ(builder.add(file(".no.prefetch.landmark")), std::nullopt);
  EXPECT_EQ(builder.add(file("./.prefetch.landmark")), std::nullopt);
  EXPECT_NE(builder.add(file("d/stargz.index.json")), std::nullopt);
  builder.finish();
  EXPECT_EQ(listing(rafs), (Lines{"/ d755 0 implicit", "/d d755 0 implicit", "/d/stargz.index.json f644 0"}));
}

TEST(TreeBuilder, device_numbers_are_encoded_as_linux_does) {  // rafs-v6.md 7.4
  Entry device = make("d", EntryType::block, 0660);
  device.device_major = 0x123;
  device.device_minor = 0x45678;
  const Rafs rafs = build({device, make("p", EntryType::fifo, 0600)});
  EXPECT_EQ(rafs.tree.inode(rafs.tree.find("/d")).device, 0x45612378U);
  EXPECT_EQ(rafs.tree.inode(rafs.tree.find("/p")).device, 0U);
  device.device_major = 0x1000;
  EXPECT_TRUE(problem_of({device}).starts_with("d: device 4096:284280, at most 4095:1048575 fits"))
      << problem_of({device});
}

TEST(TreeBuilder, the_inode_it_returns_is_that_of_the_name) {
  Rafs rafs;
  TreeBuilder builder(rafs);
  const auto first = builder.add(file("a"));
  const auto second = builder.add(file("a", 0600));
  const auto third = builder.add(link("b", "a"));
  builder.finish();
  ASSERT_TRUE(first && second && third);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(*second, *third);
  EXPECT_EQ(rafs.tree.inode_number(rafs.tree.find("/a")), *second);
  EXPECT_EQ(rafs.tree.inode_at(*second).mode, 0600);
}

struct Refusal {
  std::vector<Entry> entries;
  std::string problem;
};

TEST(TreeBuilder, what_no_file_system_can_hold_is_refused_naming_the_entry) {
  Entry attribute = file("d/f");
  attribute.xattrs = {{"com.apple.provenance", "x"}};
  Entry no_suffix = file("f");
  no_suffix.xattrs = {{"user.", "x"}};
  Entry value = file("f");
  value.xattrs = {{"user.v", std::string(65536, 'v')}};
  Entry set = file("f");
  for (int i = 0; i < 5; ++i) set.xattrs["user." + std::to_string(i)] = std::string(60'000, 'v');
  Entry owner = file("f");
  owner.gid = 1ULL << 32U;
  const std::vector<Refusal> refusals{
      {{file("../x")}, "../x: "},
      {{file(std::string(256, 'n'))}, "nnn"},
      {{file(std::string("a\0b", 3))}, "a"},
      {{file("./")}, "./: the root is no directory"},
      {{file("a"), file("a/b")}, "a/b: it lies below a, which is no directory"},
      {{link("l", "x", EntryType::symlink), file("l/b")}, "l/b: it lies below l, which is no directory"},
      {{file(".wh.")}, ".wh.: a name with \".wh.\" that is no whiteout"},
      {{file(".wh.d/x")}, ".wh.d/x: a name with \".wh.\" that is no whiteout"},
      {{directory("d"), link("l", "d")}, "l: it is a hardlink to the directory d"},
      {{link("l", "d"), directory("d")}, "/l: it is a hardlink to d, which is a directory"},
      {{link("l", "l")}, "l: it is a hardlink to itself"},
      {{link("l", "../x")}, "l: its hardlink target: "},
      {{link("a", "b"), link("b", "c"), link("c", "a")}, "/b: it is a hardlink to c, which leads back"},
      {{link("s", "", EntryType::symlink)}, "s: a symlink to nothing"},
      {{link("s", std::string(4096, 'x'), EntryType::symlink)}, "s: a symlink to a path of 4096 bytes"},
      {{link("s", std::string("a\0b", 3), EntryType::symlink)}, "s: a symlink to a path with a NUL"},
      {{attribute}, "d/f: extended attribute com.apple.provenance"},
      {{no_suffix}, "f: extended attribute user."},
      {{value}, "f: extended attribute user.v has 65536 bytes"},
      {{set}, "f: 300052 bytes of extended attributes"},
      {{owner}, "f: gid 4294967296"},
  };
  for (const Refusal& refusal : refusals) {
    EXPECT_TRUE(problem_of(refusal.entries).starts_with(refusal.problem))
        << "want " << refusal.problem << "\n got " << problem_of(refusal.entries);
  }
  EXPECT_EQ(problem_of({value}, FsVersion::v5), "none");
}

TEST(TreeBuilder, long_chains_of_links_are_resolved_in_linear_time) {
  std::vector<Entry> entries;
  constexpr int kLinks = 100'000;
  for (int i = 0; i < kLinks; ++i) entries.push_back(link(std::to_string(i), std::to_string(i + 1)));
  entries.push_back(file(std::to_string(kLinks), 0600));
  const Rafs rafs = build(entries);
  const std::uint32_t target = rafs.tree.inode_number(rafs.tree.find("/" + std::to_string(kLinks)));
  for (int i = 0; i < kLinks; i += 1000) {
    EXPECT_EQ(rafs.tree.inode_number(rafs.tree.find("/" + std::to_string(i))), target);
  }
}

}  // namespace
}  // namespace accel::formats::nydus
