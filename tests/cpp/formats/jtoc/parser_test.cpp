#include "accel/formats/jtoc/parser.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/writer.hpp"
#include "accel/hash/hasher.hpp"
#include "support/chunked_stream.hpp"

namespace accel::formats::jtoc {
namespace {

ParsedToc parse(const std::string& json, std::size_t max_read = SIZE_MAX, const ParseLimits& limits = {}) {
  accel::testing::ChunkedStream stream(json, max_read);
  return parse_toc(stream, limits);
}

std::string error_of(const std::string& json) {
  try {
    parse(json);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

std::string in_entry(const std::string& members) {
  return R"({"version":1,"entries":[{"name":"n","type":"reg")" + (members.empty() ? "" : "," + members) + "}]}";
}

TEST(TocParser, what_the_writer_writes_is_read_back) {
  Entry file;
  file.name = "./a \"quoted\" \xc3\xbc\n";
  file.size = 12;
  file.modtime = tar::Time{1700000000, 123000000};
  file.accesstime = tar::Time{1, 0};
  file.changetime = tar::Time{2, 0};
  file.mode = 04755;
  file.uid = 1000;
  file.gid = 1001;
  file.user_name = "u";
  file.group_name = "g";
  file.offset = 90;
  file.end_offset = 100;
  file.inner_offset = 7;
  file.xattrs = {{"user.a", std::string("\0\x01", 2)}, {"user.b", ""}};
  file.digest = hash::sha256(as_bytes("x"));
  file.chunk_offset = 5;
  file.chunk_size = 6;
  file.chunk_digest = hash::sha256({});
  file.zeros = true;
  Entry device;
  device.name = "null";
  device.kind = EntryKind::character;
  device.device_major = 1;
  device.device_minor = 3;
  Entry link;
  link.name = "l";
  link.kind = EntryKind::symlink;
  link.link_name = "../x";
  TocWriter writer;
  for (const Entry& entry : {file, device, link}) writer.add(entry);
  const std::string json = accel::to_string(writer.finish(hash::sha256(as_bytes("split"))).view());
  for (const std::size_t max_read : {1UL, 3UL, 4096UL}) {
    const ParsedToc parsed = parse(json, max_read);
    EXPECT_EQ(parsed.toc.entries, (std::vector<Entry>{file, device, link}));
    EXPECT_EQ(parsed.toc.version, 1U);
    EXPECT_EQ(parsed.toc.tar_split_digest, hash::sha256(as_bytes("split")));
    EXPECT_EQ(parsed.digest, hash::sha256(as_bytes(json)));
    EXPECT_EQ(parsed.bytes, json.size());
    EXPECT_TRUE(parsed.ends_with_brace);
  }
}

TEST(TocParser, indentation_key_case_and_unknown_members_do_not_matter) {
  const ParsedToc parsed = parse(R"(
{ "extra": {"a": [1, {"entries": [{}]}, "x"]}, "VERSION": 1,
  "entries": [ {"NumLink": 3, "Name": "a", "TYPE": "reg", "odd": [[]], "x": {"name": "b"}, "size": 5} ],
  "tail": null }
)");
  ASSERT_EQ(parsed.toc.entries.size(), 1U);
  EXPECT_EQ(parsed.toc.entries[0].name, "a");
  EXPECT_EQ(parsed.toc.entries[0].size, 5U);
  EXPECT_FALSE(parsed.ends_with_brace);
}

TEST(TocParser, null_is_as_absent) {
  EXPECT_TRUE(parse(R"({"version":1,"entries":null})").toc.entries.empty());  // correction 11
  EXPECT_EQ(parse(in_entry(R"("modtime":null,"size":null,"xattrs":null)")).toc.entries[0].size, 0U);
}

TEST(TocParser, unknown_chunk_types_are_data) {
  EXPECT_FALSE(parse(in_entry(R"("chunkType":"other")")).toc.entries[0].zeros);
}

TEST(TocParser, bad_documents_are_refused) {
  const std::string digest(64, 'a');
  for (const std::string& json :
       std::vector<std::string>{"",
                                "{",
                                "[]",
                                "1",
                                "null",
                                R"("x")",
                                R"({"version":1,"entries":[}]})",
                                R"({"version":1,"entries":[]}x)",
                                R"({"version":1,"entries":[]}{})",
                                R"({"version":"1","entries":[]})",
                                R"({"version":-1,"entries":[]})",
                                R"({"version":1.0,"entries":[]})",
                                R"({"version":1,"entries":{}})",
                                R"({"version":1,"entries":5})",
                                R"({"version":1,"entries":[1]})",
                                R"({"version":1,"entries":[[]]})",
                                R"({"version":1,"entries":[null]})",
                                R"({"version":1,"entries":[],"entries":[]})",
                                R"({"version":1,"entries":[],"Entries":[]})",
                                R"({"version":1,"entries":[{}]})",
                                R"({"version":1,"entries":[{"name":"a"}]})",
                                R"({"version":1,"entries":[{"type":"reg"}]})",
                                R"({"version":1,"entries":[],"tarSplitDigest":"sha256:1"})",
                                "{\"version\":1,\"entries\":[{\"name\":\"\xff\",\"type\":\"reg\"}]}",
                                in_entry(R"("name":"m")"),
                                in_entry(R"("Size":1,"size":2)"),
                                in_entry(R"("size":-1)"),
                                in_entry(R"("size":1.5)"),
                                in_entry(R"("size":"1")"),
                                in_entry(R"("size":true)"),
                                in_entry(R"("size":9223372036854775808)"),
                                in_entry(R"("size":18446744073709551616)"),
                                in_entry(R"("mode":4294967296)"),
                                in_entry(R"("type":"x")"),
                                in_entry(R"("modtime":"")"),
                                in_entry(R"("modtime":"yesterday")"),
                                in_entry(R"("modtime":5)"),
                                in_entry(R"("digest":"sha256:xyz")"),
                                in_entry(R"("digest":"md5:)" + digest + "\""),
                                in_entry(R"("chunkDigest":"sha512:)" + digest + digest + "\""),
                                in_entry(R"("xattrs":[])"),
                                in_entry(R"("xattrs":{"a":1})"),
                                in_entry(R"("xattrs":{"a":"!"})"),

                                in_entry(R"("xattrs":{"a":"","a":""})"),
                                in_entry(R"("linkName":{})"),
                                in_entry(R"("offset":[])")}) {
    EXPECT_NE(error_of(json), "") << json;
  }
}

TEST(TocParser, errors_name_the_entry) {
  const std::string text = error_of(in_entry(R"("uid":-1)"));
  EXPECT_NE(text.find("n: TOC entry 0: uid is a negative number"), std::string::npos) << text;
}

TEST(TocParser, limits_hold) {
  const std::string json = in_entry("");
  EXPECT_NO_THROW(parse(json, 16, {json.size(), 1}));
  EXPECT_THROW(parse(json, 16, {json.size() - 1, 1}), FormatError);
  EXPECT_THROW(parse(json, 16, {json.size(), 0}), FormatError);
  EXPECT_THROW(parse(R"({"x":)" + std::string(100, '[') + std::string(100, ']') + "}"), FormatError);
}

TEST(TocParser, every_truncation_is_refused) {
  const std::string json = in_entry(R"("xattrs":{"user.a":"AA=="},"size":3,"odd":[{"x":1}])");
  EXPECT_NO_THROW(parse(json));
  for (std::size_t size = 0; size < json.size(); ++size) EXPECT_NE(error_of(json.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace accel::formats::jtoc
