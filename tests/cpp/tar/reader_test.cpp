#include "accel/tar/reader.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "tar/read_tar.hpp"

namespace accel::tar {
namespace {

using namespace std::string_literals;
using testing::base256;
using testing::read_entry;
using testing::read_tar;
using testing::ReadTar;
using testing::TarBuilder;
using testing::TarDialect;

TEST(Reader, empty_stream_has_no_entries) {
  const ReadTar tar = read_tar(""s);
  EXPECT_TRUE(tar.members.empty());
  EXPECT_EQ(tar.trailing, "");
}

TEST(Reader, every_type_is_read) {
  const ReadTar tar = read_tar(TarBuilder()
                                   .file("file", "content", 04755)
                                   .directory("dir/")
                                   .symlink("symlink", "../target")
                                   .hardlink("hardlink", "file")
                                   .device("char", '3', 1, 3)
                                   .device("block", '4', 8, 16)
                                   .fifo("fifo")
                                   .end());
  const EntryType types[] = {EntryType::regular,   EntryType::directory, EntryType::symlink, EntryType::hardlink,
                             EntryType::character, EntryType::block,     EntryType::fifo};
  ASSERT_EQ(tar.members.size(), std::size(types));
  for (std::size_t i = 0; i < std::size(types); ++i) EXPECT_EQ(tar.members[i].entry.type, types[i]) << i;
  EXPECT_EQ(tar.members[0].content, "content");
  EXPECT_EQ(tar.members[0].entry.size, 7U);
  EXPECT_EQ(tar.members[0].entry.mode, 04755U);
  EXPECT_EQ(tar.members[2].entry.link_name, "../target");
  EXPECT_EQ(tar.members[3].entry.link_name, "file");
  EXPECT_EQ(tar.members[4].entry.device_minor, 3U);
  EXPECT_EQ(tar.members[5].entry.device_major, 8U);
}

TEST(Reader, offsets_and_raw_bytes_cover_the_stream) {
  const TarBuilder builder = TarBuilder()
                                 .file("a", std::string(700, 'a'))
                                 .gnu_long_name(std::string(300, 'n'))
                                 .pax({{"mtime", "1.5"}})
                                 .file("b", "b")
                                 .directory("d/")
                                 .end()
                                 .raw("and what comes after");
  for (const std::size_t max_read : {1UL, 7UL, 511UL, 512UL, 513UL, 4096UL, SIZE_MAX}) {
    for (const std::size_t max_piece : {1UL, 512UL, SIZE_MAX}) {
      const ReadTar tar = read_tar(builder.text(), max_read, max_piece);
      EXPECT_EQ(tar.all_bytes(), builder.text());
      EXPECT_EQ(tar.offset, builder.text().size());
      ASSERT_EQ(tar.members.size(), 3U);
      EXPECT_EQ(tar.members[0].entry.header_offset, 0U);
      EXPECT_EQ(tar.members[0].entry.payload_offset, 512U);
      EXPECT_EQ(tar.members[1].entry.header_offset, 512U + 1024U);
      EXPECT_EQ(tar.members[1].header.size(), 5U * 512U);
      EXPECT_EQ(tar.members[1].entry.payload_offset, 512U + 1024U + 5U * 512U);
      EXPECT_EQ(tar.members[1].entry.name, std::string(300, 'n'));
      EXPECT_EQ(tar.members[1].padding.size(), 511U);
      EXPECT_EQ(tar.trailing.size(), 1024U + 20U);
    }
  }
}

TEST(Reader, content_that_is_not_asked_for_is_skipped) {
  testing::ChunkedStream stream(
      TarBuilder().file("a", std::string(1'000'000, 'a')).file("b", "bb").file("c", "c").end().text(), 1000);
  Reader reader(stream);
  ASSERT_EQ(reader.next()->name, "a");
  EXPECT_EQ(reader.payload(3).size(), 3U);
  ASSERT_EQ(reader.next()->name, "b");
  EXPECT_EQ(reader.padding().size(), 510U);
  EXPECT_TRUE(reader.payload().empty());
  EXPECT_TRUE(reader.padding().empty());
  ASSERT_EQ(reader.next()->name, "c");
  EXPECT_TRUE(reader.trailing().empty());
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_TRUE(reader.payload().empty());
  EXPECT_TRUE(reader.padding().empty());
  EXPECT_TRUE(reader.raw_header().empty());
  EXPECT_EQ(reader.trailing().size(), 1024U);
  EXPECT_TRUE(reader.trailing().empty());
}

TEST(Reader, ustar_prefix_is_joined_with_a_slash) {
  EXPECT_EQ(read_entry(TarBuilder().entry({.name = "name", .prefix = "some/prefix"})).name, "some/prefix/name");
  EXPECT_EQ(read_entry(TarBuilder().entry({.name = std::string(100, 'n'), .prefix = std::string(155, 'p')})).name,
            std::string(155, 'p') + "/" + std::string(100, 'n'));
}

TEST(Reader, v7_headers_have_neither_prefix_nor_owner_names) {
  const Entry entry = read_entry(
      TarBuilder().entry({.name = "old", .type = '\0', .dialect = TarDialect::v7, .patch = [](std::string& block) {
                            block.replace(345, 6, "prefix");
                            block.replace(265, 4, "user");
                          }}));
  EXPECT_EQ(entry.name, "old");
  EXPECT_EQ(entry.user_name, "");
  EXPECT_EQ(entry.type, EntryType::regular);
}

TEST(Reader, nul_type_with_a_trailing_slash_is_a_directory) {
  const ReadTar tar = read_tar(TarBuilder()
                                   .entry({.name = "dir/", .type = '\0', .size = 5, .dialect = TarDialect::v7})
                                   .entry({.name = "dir/file", .type = '\0', .dialect = TarDialect::v7}, "x")
                                   .pax({{"path", "long/"}})
                                   .entry({.name = "cut", .type = '\0'})
                                   .entry({.name = "file/", .type = '0'}, "y"));
  ASSERT_EQ(tar.members.size(), 4U);
  EXPECT_EQ(tar.members[0].entry.type, EntryType::directory);
  EXPECT_EQ(tar.members[1].content, "x");
  EXPECT_EQ(tar.members[2].entry.type, EntryType::directory);
  EXPECT_EQ(tar.members[3].entry.type, EntryType::regular);
}

TEST(Reader, sizes_of_links_and_devices_stand_for_no_content) {
  for (const char type : {'1', '2', '3', '4', '5', '6'}) {
    const ReadTar tar = read_tar(TarBuilder().entry({.name = "x", .type = type, .size = 4096}).file("next", "n"));
    ASSERT_EQ(tar.members.size(), 2U) << type;
    EXPECT_EQ(tar.members[0].entry.size, 0U);
    EXPECT_EQ(tar.members[0].entry.header_size, 4096U);
    EXPECT_EQ(tar.members[0].content, "");
    EXPECT_EQ(tar.members[1].content, "n");
  }
}

TEST(Reader, gnu_headers_have_base_256_numbers_and_times) {
  const Entry entry =
      read_entry(TarBuilder().entry({.name = "gnu", .dialect = TarDialect::gnu, .patch = [](std::string& block) {
                                       block.replace(108, 8, base256(4'000'000'000, 8));
                                       block.replace(136, 12, base256(-5, 12));
                                       block.replace(345, 12, testing::octal(7, 11) + '\0');
                                       block.replace(357, 12, base256(-8, 12));
                                     }}));
  EXPECT_EQ(entry.uid, 4'000'000'000U);
  EXPECT_EQ(entry.mtime, (Time{-5, 0}));
  EXPECT_EQ(entry.atime, (Time{7, 0}));
  EXPECT_EQ(entry.ctime, (Time{-8, 0}));
  EXPECT_EQ(read_entry(TarBuilder().entry({.name = "gnu", .dialect = TarDialect::gnu})).atime, std::nullopt);
}

TEST(Reader, prefix_that_old_go_wrote_over_gnu_times_is_used) {
  const Entry entry =
      read_entry(TarBuilder().entry({.name = "name", .prefix = "old/prefix", .dialect = TarDialect::gnu}));
  EXPECT_EQ(entry.name, "old/prefix/name");
  EXPECT_EQ(entry.atime, std::nullopt);
}

TEST(Reader, star_headers_have_times_at_their_end) {
  const Entry entry = read_entry(TarBuilder().entry({.name = "star", .patch = [](std::string& block) {
                                                       block.replace(345, 6, "prefix");
                                                       block.replace(476, 12, testing::octal(11, 11) + '\0');
                                                       block.replace(488, 12, testing::octal(12, 11) + '\0');
                                                       block.replace(508, 4, "tar\0"s);
                                                     }}));
  EXPECT_EQ(entry.name, "prefix/star");
  EXPECT_EQ(entry.atime, (Time{11, 0}));
  EXPECT_EQ(entry.ctime, (Time{12, 0}));
}

TEST(Reader, gnu_long_names_win_over_header_and_pax) {
  const std::string name = std::string(200, 'n') + "\xFF";
  const ReadTar tar = read_tar(TarBuilder()
                                   .gnu_long_link(std::string(150, 'l'))
                                   .gnu_long_name(name)
                                   .pax({{"path", "pax"}})
                                   .symlink("short", "short")
                                   .symlink("next", "plain"));
  EXPECT_EQ(tar.members[0].entry.name, name);
  EXPECT_EQ(tar.members[0].entry.link_name, std::string(150, 'l'));
  EXPECT_EQ(tar.members[1].entry.name, "next");
  EXPECT_EQ(tar.members[1].entry.link_name, "plain");
}

TEST(Reader, pax_records_hold_for_the_next_file_only) {
  const ReadTar tar = read_tar(TarBuilder()
                                   .pax({{"path", "renamed"}, {"size", "3"}, {"SCHILY.xattr.user.x", "v"}})
                                   .entry({.name = "x", .size = 0})
                                   .raw("abc"s + std::string(509, '\0'))
                                   .file("plain", "p"));
  ASSERT_EQ(tar.members.size(), 2U);
  EXPECT_EQ(tar.members[0].entry.name, "renamed");
  EXPECT_EQ(tar.members[0].content, "abc");
  EXPECT_EQ(tar.members[0].entry.xattrs.at("user.x"), "v");
  EXPECT_EQ(tar.members[1].entry.name, "plain");
  EXPECT_TRUE(tar.members[1].entry.xattrs.empty());
}

TEST(Reader, last_of_several_pax_headers_replaces_the_others) {
  const Entry entry =
      read_entry(TarBuilder().pax({{"path", "first"}, {"uid", "1"}}).pax({{"path", "second"}}).file("x"));
  EXPECT_EQ(entry.name, "second");
  EXPECT_EQ(entry.uid, 0U);
}

TEST(Reader, global_pax_records_are_passed_over_as_docker_does) {
  const ReadTar tar = read_tar(TarBuilder()
                                   .pax({{"uid", "7"}, {"mtime", "9"}, {"comment", "c"}}, 'g')
                                   .file("a")
                                   .pax({{"uid", "8"}, {"mtime", ""}})
                                   .entry({.name = "b", .mtime = 5})
                                   .pax({{"uid", ""}}, 'g')
                                   .entry({.name = "c", .uid = 3})
                                   .pax({{"gid", "1"}}, 'g')
                                   .end());
  ASSERT_EQ(tar.members.size(), 3U);
  EXPECT_EQ(tar.members[0].entry.uid, 0U);
  EXPECT_EQ(tar.members[0].entry.header_offset, 0U);
  EXPECT_EQ(tar.members[0].header.size(), 3U * 512U);
  EXPECT_EQ(tar.members[1].entry.uid, 8U);
  EXPECT_EQ(tar.members[1].entry.mtime, (Time{5, 0}));
  EXPECT_EQ(tar.members[2].entry.uid, 3U);
  EXPECT_EQ(tar.trailing.size(), 4U * 512U);  // the global header that nothing follows comes out with the rest
}

TEST(Reader, names_keep_their_bytes) {
  const std::string name = "./caf\xE9/\x01\n";
  EXPECT_EQ(read_entry(TarBuilder().file(name)).name, name);
  EXPECT_EQ(read_entry(TarBuilder().pax({{"hdrcharset", "BINARY"}, {"path", name}}).file("x")).name, name);
}

TEST(Reader, archive_may_end_without_end_blocks_or_padding) {
  const std::string text = TarBuilder().file("a", "content").text();
  for (const std::string& tail : {""s, std::string(512, '\0'), std::string(1024, '\0'), std::string(5120, '\0')}) {
    const ReadTar tar = read_tar(text + tail);
    EXPECT_EQ(tar.members.size(), 1U);
    EXPECT_EQ(tar.trailing, tail);
  }
  for (const std::size_t size : {519UL, 520UL, 1023UL}) {  // Go's reader takes these, too
    const ReadTar tar = read_tar(text.substr(0, size));
    ASSERT_EQ(tar.members.size(), 1U) << size;
    EXPECT_EQ(tar.members[0].content, "content");
    EXPECT_EQ(tar.members[0].padding.size(), size - 519U);
  }
}

TEST(Reader, whatever_follows_two_zero_blocks_is_not_looked_at) {
  const std::string junk = TarBuilder().file("hidden", "x").text() + "no block";
  const ReadTar tar = read_tar(TarBuilder().file("a").end().raw(junk));
  EXPECT_EQ(tar.members.size(), 1U);
  EXPECT_EQ(tar.trailing, std::string(1024, '\0') + junk);
}

TEST(Reader, large_content_comes_in_views_of_the_read_block) {
  std::string content(3'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761U >> 13U);
  const TarBuilder builder = TarBuilder().file("big", content).file("after", "x").end();
  for (const std::size_t max_read : {100'000UL, SIZE_MAX}) {
    const ReadTar tar = read_tar(builder.text(), max_read, 70'000);
    ASSERT_EQ(tar.members.size(), 2U);
    EXPECT_TRUE(tar.members[0].content == content);
    EXPECT_EQ(tar.members[1].content, "x");
  }
}

}  // namespace
}  // namespace accel::tar
