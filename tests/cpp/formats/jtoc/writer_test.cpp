#include "accel/formats/jtoc/writer.hpp"

#include <gtest/gtest.h>

#include "accel/hash/hasher.hpp"

namespace accel::formats::jtoc {
namespace {

std::string text_of(const Entry& entry) {
  Buffer out;
  append_entry(entry, out);
  return accel::to_string(out.view());
}

TEST(TocWriter, zero_and_empty_members_are_left_out) {
  Entry entry;
  entry.name = "d/";
  entry.kind = EntryKind::directory;
  EXPECT_EQ(text_of(entry), R"({"name":"d/","type":"dir"})");
}

TEST(TocWriter, all_members_come_in_a_fixed_order) {
  Entry entry;
  entry.name = "f";
  entry.kind = EntryKind::regular;
  entry.zeros = true;
  entry.mode = 0755;
  entry.size = 10;
  entry.modtime = tar::Time{1, 0};
  entry.accesstime = tar::Time{2, 0};
  entry.changetime = tar::Time{3, 500000000};
  entry.link_name = "l";
  entry.uid = 1;
  entry.gid = 2;
  entry.user_name = "u";
  entry.group_name = "g";
  entry.offset = 3;
  entry.end_offset = 4;
  entry.inner_offset = 5;
  entry.device_major = 6;
  entry.device_minor = 7;
  entry.xattrs = {{"user.a", std::string("\0\xff", 2)}, {"user.b", ""}};
  entry.digest = hash::sha256({});
  entry.chunk_offset = 8;
  entry.chunk_size = 18446744073709551615U;
  entry.chunk_digest = entry.digest;
  const std::string empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  EXPECT_EQ(text_of(entry),
            R"({"name":"f","type":"reg","size":10,"modtime":"1970-01-01T00:00:01Z",)"
            R"("accesstime":"1970-01-01T00:00:02Z","changetime":"1970-01-01T00:00:03.5Z","linkName":"l","mode":493,)"
            R"("uid":1,"gid":2,"userName":"u","groupName":"g","offset":3,"endOffset":4,"innerOffset":5,"devMajor":6,)"
            R"("devMinor":7,"xattrs":{"user.a":"AP8=","user.b":""},"digest":")" +
                empty + R"(","chunkOffset":8,"chunkSize":18446744073709551615,"chunkDigest":")" + empty +
                R"(","chunkType":"zeros"})");
}

TEST(TocWriter, names_are_escaped_as_json_demands) {
  Entry entry;
  entry.name = "a\"b\\c\n\x01<\x7f\xc3\xbc>&\t";
  EXPECT_EQ(text_of(entry), "{\"name\":\"a\\\"b\\\\c\\u000a\\u0001<\x7f\xc3\xbc>&\\u0009\",\"type\":\"reg\"}");
}

TEST(TocWriter, an_empty_toc_is_a_document) {
  EXPECT_EQ(accel::to_string(TocWriter().finish().view()), R"({"version":1,"entries":[]})");
}

TEST(TocWriter, nothing_follows_the_closing_brace) {
  TocWriter writer(3);
  Entry entry;
  entry.name = "a";
  writer.add(entry);
  Buffer more;
  more.append(as_bytes(","));
  append_entry(entry, more);
  writer.add_text(more.view());
  writer.add(entry);
  const Buffer toc = writer.finish(hash::sha256({}));
  EXPECT_EQ(accel::to_string(toc.view().subspan(3)),
            R"({"version":1,"entries":[{"name":"a","type":"reg"},{"name":"a","type":"reg"},{"name":"a","type":"reg"}],)"
            R"("tarSplitDigest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})");
}

}  // namespace
}  // namespace accel::formats::jtoc
