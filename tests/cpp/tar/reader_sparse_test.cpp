#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "tar/read_tar.hpp"

namespace accel::tar {
namespace {

using namespace std::string_literals;
using testing::read_tar;
using testing::ReadTar;
using testing::TarBuilder;
using testing::TarDialect;
using testing::TarHeader;

/// A file of `size` bytes that holds "data" at each of `offsets` and zeros elsewhere.
std::string expanded(std::size_t size, const std::vector<std::size_t>& offsets) {
  std::string content(size, '\0');
  for (const std::size_t at : offsets) content.replace(at, 4, "data");
  return content;
}

TarHeader gnu_sparse(std::uint64_t real_size, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& map,
                     bool extended = false) {
  return {.name = "sparse", .type = 'S', .dialect = TarDialect::gnu, .patch = [=](std::string& block) {
            block.replace(386, 96, testing::gnu_sparse_array(map, 4));
            block[482] = extended ? '\1' : '\0';
            block.replace(483, 12, testing::octal(real_size, 11) + '\0');
          }};
}

std::string extension_block(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& map, bool more) {
  std::string block = testing::gnu_sparse_array(map, 21);
  block.resize(512, '\0');
  block[504] = more ? '\1' : '\0';
  return block;
}

void expect_sparse(const TarBuilder& builder, const std::string& content, std::string_view name = "sparse") {
  for (const std::size_t max_piece : {1UL, 3UL, 4096UL, SIZE_MAX}) {
    const ReadTar tar = read_tar(builder.text(), SIZE_MAX, max_piece);
    ASSERT_EQ(tar.members.size(), 2U);
    EXPECT_EQ(tar.members[0].entry.name, name);
    EXPECT_EQ(tar.members[0].entry.type, EntryType::regular);
    EXPECT_TRUE(tar.members[0].entry.sparse);
    EXPECT_EQ(tar.members[0].entry.size, content.size());
    EXPECT_TRUE(tar.members[0].content == content);
    EXPECT_EQ(tar.members[1].entry.name, "next");
    EXPECT_FALSE(tar.members[1].entry.sparse);
    EXPECT_EQ(tar.members[1].content, "n");
  }
}

TEST(ReaderSparse, gnu_map_in_the_header_is_expanded) {
  expect_sparse(TarBuilder().entry(gnu_sparse(100'000, {{0, 4}, {99'000, 4}}), "datadata").file("next", "n").end(),
                expanded(100'000, {0, 99'000}));
  expect_sparse(TarBuilder().entry(gnu_sparse(10'000, {{10'000, 0}})).file("next", "n"), expanded(10'000, {}));
  expect_sparse(TarBuilder().entry(gnu_sparse(0, {})).file("next", "n"), "");
}

TEST(ReaderSparse, gnu_map_goes_on_in_extension_blocks) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> map;
  std::vector<std::size_t> offsets;
  std::string stored;
  for (std::size_t i = 0; i < 30; ++i) {
    map.emplace_back(i * 5000, 4);
    offsets.push_back(i * 5000);
    stored += "data";
  }
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::vector(map.begin() + static_cast<std::ptrdiff_t>(from), map.begin() + static_cast<std::ptrdiff_t>(to));
  };
  TarBuilder builder;
  TarHeader header = gnu_sparse(200'000, part(0, 4), true);
  header.size = stored.size();
  builder.entry(header).raw(extension_block(part(4, 25), true)).raw(extension_block(part(25, 30), false));
  stored.resize(512, '\0');
  builder.raw(stored).file("next", "n").end();
  expect_sparse(builder, expanded(200'000, offsets));
  EXPECT_EQ(read_tar(builder).members[0].header.size(), 3U * 512U);
  EXPECT_EQ(read_tar(builder).members[0].entry.payload_offset, 3U * 512U);
}

TEST(ReaderSparse, pax_formats_0_0_and_0_1_are_expanded) {
  expect_sparse(TarBuilder()
                    .pax({{"GNU.sparse.size", "9000"},
                          {"GNU.sparse.numblocks", "2"},
                          {"GNU.sparse.offset", "100"},
                          {"GNU.sparse.numbytes", "4"},
                          {"GNU.sparse.offset", "8000"},
                          {"GNU.sparse.numbytes", "4"}})
                    .file("sparse", "datadata")
                    .file("next", "n"),
                expanded(9000, {100, 8000}));
  expect_sparse(TarBuilder()
                    .pax({{"GNU.sparse.size", "9000"},
                          {"GNU.sparse.numblocks", "1"},
                          {"GNU.sparse.map", "8996,4"},
                          {"GNU.sparse.name", "real/name"}})
                    .file("GNUSparseFile.1/name", "data")
                    .file("next", "n"),
                expanded(9000, {8996}), "real/name");
}

TEST(ReaderSparse, pax_format_1_0_takes_its_map_from_the_payload) {
  std::string payload = "2\n0\n4\n300000\n4\n";
  payload.resize(512, '\0');
  payload += "datadata";
  const TarBuilder builder = TarBuilder()
                                 .pax({{"GNU.sparse.major", "1"},
                                       {"GNU.sparse.minor", "0"},
                                       {"GNU.sparse.name", "real/name"},
                                       {"GNU.sparse.realsize", "400000"}})
                                 .file("GNUSparseFile.1/name", payload)
                                 .file("next", "n")
                                 .end();
  expect_sparse(builder, expanded(400'000, {0, 300'000}), "real/name");
  const ReadTar tar = read_tar(builder);
  EXPECT_EQ(tar.members[0].header.size(), 4U * 512U);  // PAX header, its records, file header, map
  EXPECT_EQ(tar.members[0].entry.header_size, 520U);
  EXPECT_EQ(tar.members[0].entry.payload_offset, 4U * 512U);
  EXPECT_EQ(tar.members[0].padding.size(), 504U);
}

TEST(ReaderSparse, sparse_content_that_is_not_asked_for_is_skipped) {
  testing::ChunkedStream stream(
      TarBuilder().entry(gnu_sparse(1ULL << 32U, {{0, 4}, {1ULL << 31U, 4}}), "datadata").file("next", "n").text());
  Reader reader(stream);
  ASSERT_EQ(reader.next()->size, 1ULL << 32U);
  EXPECT_EQ(as_text(reader.payload(2)), "da");
  ASSERT_EQ(reader.next()->name, "next");
  EXPECT_EQ(as_text(reader.payload()), "n");
}

TEST(ReaderSparse, maps_that_do_not_fit_are_refused) {
  const TarBuilder builders[] = {
      TarBuilder().entry(gnu_sparse(100, {{50, 4}, {0, 4}}), "datadata"),
      TarBuilder().entry(gnu_sparse(3, {{0, 4}}), "data"),
      TarBuilder().entry(gnu_sparse(100, {{0, 4}}), "too much data"),
      TarBuilder().entry(gnu_sparse(100, {{0, 8}}), "less"),
      TarBuilder().entry(gnu_sparse(1ULL << 32U, {{0, 077777777777}}), "x"),
      TarBuilder().pax({{"GNU.sparse.map", "0,4"}}).file("x", "data"),
      TarBuilder().pax({{"GNU.sparse.map", "0,4"}, {"GNU.sparse.numblocks", "1"}}).directory("d"),
      TarBuilder().pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}}).file("x", "1\n0\n4\n"),
      TarBuilder().pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}}).file("x", std::string(512, '1')),
      TarBuilder().pax({{"GNU.sparse.size", "-5"}, {"GNU.sparse.numblocks", "0"}}).file("x"),
      TarBuilder().entry({.name = "x", .type = 'S'}),  // not a GNU header
  };
  for (std::size_t i = 0; i < std::size(builders); ++i) EXPECT_THROW(read_tar(builders[i]), FormatError) << i;
  EXPECT_THROW(read_tar(TarBuilder().pax({{"GNU.sparse.major", "2"}, {"GNU.sparse.minor", "0"}}).file("x")),
               UnsupportedError);
}

TEST(ReaderSparse, claimed_size_is_limited) {
  const TarBuilder builder = TarBuilder().entry(gnu_sparse(1001, {}));
  ReaderOptions options;
  options.max_sparse_size = 1001;
  EXPECT_EQ(read_tar(builder.text(), SIZE_MAX, SIZE_MAX, options).members[0].content.size(), 1001U);
  options.max_sparse_size = 1000;
  EXPECT_THROW(read_tar(builder.text(), SIZE_MAX, SIZE_MAX, options), FormatError);
  EXPECT_THROW(
      read_tar(
          TarBuilder().pax({{"GNU.sparse.size", "9223372036854775807"}, {"GNU.sparse.numblocks", "0"}}).file("bomb")),
      FormatError);
}

TEST(ReaderSparse, map_of_endless_extension_blocks_is_limited) {
  TarBuilder builder;
  builder.entry(gnu_sparse(100, {}, true));
  for (int i = 0; i < 3000; ++i) builder.raw(extension_block({}, true));
  EXPECT_THROW(read_tar(builder), FormatError);
}

}  // namespace
}  // namespace accel::tar
