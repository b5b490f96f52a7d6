#include "accel/tar/sparse.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "support/tar_builder.hpp"

namespace accel::tar {
namespace {

using testing::pax_record;
using testing::PaxList;

std::string join(const PaxList& list) {
  std::string payload;
  for (const auto& [key, value] : list) payload += pax_record(key, value);
  return payload;
}

TEST(Sparse, records_without_sparse_keys_describe_no_sparse_file) {
  const std::string payload = join({{"path", "x"}, {"GNU.sparsely", "1"}, {"GNU.sparse.map", ""}});
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  EXPECT_FALSE(parse_pax_sparse(records).has_value());
}

TEST(Sparse, maps_of_formats_0_0_and_0_1_are_read) {
  const PaxList forms[] = {
      {{"GNU.sparse.size", "20"},
       {"GNU.sparse.numblocks", "2"},
       {"GNU.sparse.offset", "0"},
       {"GNU.sparse.numbytes", "4"},
       {"GNU.sparse.offset", "10"},
       {"GNU.sparse.numbytes", "5"}},
      {{"GNU.sparse.size", "20"}, {"GNU.sparse.numblocks", "2"}, {"GNU.sparse.map", "0,4,10,5"}},
      {{"GNU.sparse.major", "0"},
       {"GNU.sparse.minor", "1"},
       {"GNU.sparse.realsize", "20"},
       {"GNU.sparse.numblocks", "2"},
       {"GNU.sparse.map", "0,4,10,5"}},
  };
  for (const PaxList& form : forms) {
    const std::string payload = join(form);
    PaxRecords records;
    parse_pax(as_bytes(payload), records);
    const auto sparse = parse_pax_sparse(records);
    ASSERT_TRUE(sparse.has_value()) << payload;
    EXPECT_FALSE(sparse->map_in_payload);
    EXPECT_EQ(sparse->real_size, 20U);
    EXPECT_EQ(sparse->map, (SparseMap{{0, 4}, {10, 5}}));
  }
}

TEST(Sparse, format_1_0_has_name_and_size_in_records_and_map_in_payload) {
  const std::string payload = join({{"GNU.sparse.major", "1"},
                                    {"GNU.sparse.minor", "0"},
                                    {"GNU.sparse.name", "dir/file"},
                                    {"GNU.sparse.realsize", "1000"}});
  PaxRecords records;
  parse_pax(as_bytes(payload), records);
  const auto sparse = parse_pax_sparse(records);
  ASSERT_TRUE(sparse.has_value());
  EXPECT_TRUE(sparse->map_in_payload);
  EXPECT_EQ(sparse->name, "dir/file");
  EXPECT_EQ(sparse->real_size, 1000U);
}

TEST(Sparse, unknown_versions_are_unsupported) {
  for (const auto& [major, minor] : {std::pair{"1", "1"}, {"2", "0"}, {"0", "2"}, {"1", ""}, {"x", "y"}}) {
    const std::string payload = join({{"GNU.sparse.major", major}, {"GNU.sparse.minor", minor}});
    PaxRecords records;
    parse_pax(as_bytes(payload), records);
    EXPECT_THROW(parse_pax_sparse(records), UnsupportedError) << payload;
  }
}

TEST(Sparse, inconsistent_records_are_refused) {
  const PaxList cases[] = {
      {{"GNU.sparse.map", "0,1"}},  // no count
      {{"GNU.sparse.numblocks", "2"}, {"GNU.sparse.map", "0,1"}},
      {{"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "0,1,2"}},
      {{"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "0,-1"}},
      {{"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "0,,1"}},
      {{"GNU.sparse.numblocks", "-1"}, {"GNU.sparse.map", "0,1"}},
      {{"GNU.sparse.numblocks", "18446744073709551615"}, {"GNU.sparse.map", "0,1"}},
      {{"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "a,b"}},
      {{"GNU.sparse.name", "only a name"}},
      {{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.realsize", "1e9"}},
  };
  for (const PaxList& list : cases) {
    const std::string payload = join(list);
    PaxRecords records;
    parse_pax(as_bytes(payload), records);
    EXPECT_THROW(parse_pax_sparse(records), FormatError) << payload;
  }
  PaxRecords records;
  EXPECT_THROW(parse_pax(as_bytes(join({{"GNU.sparse.numbytes", "1"}})), records), FormatError);
  EXPECT_THROW(parse_pax(as_bytes(join({{"GNU.sparse.offset", "1"}, {"GNU.sparse.offset", "1"}})), records),
               FormatError);
}

bool feed(SparseMapReader& reader, std::string text) {
  text.resize(kBlockSize, '\0');
  return reader.feed(Block(as_bytes(text).first<kBlockSize>()));
}

TEST(Sparse, map_in_payload_ends_in_the_block_of_its_last_newline) {
  SparseMapReader one_block;
  EXPECT_TRUE(feed(one_block, "2\n0\n4\n10\n5\n"));
  EXPECT_EQ(std::move(one_block).take(), (SparseMap{{0, 4}, {10, 5}}));

  SparseMapReader empty;
  EXPECT_TRUE(feed(empty, "0\n"));
  EXPECT_EQ(std::move(empty).take(), SparseMap{});

  std::string text = "100\n";
  SparseMap want;
  for (std::uint64_t i = 0; i < 100; ++i) {
    text += std::to_string(i * 1000) + "\n7\n";
    want.push_back({i * 1000, 7});
  }
  ASSERT_GT(text.size(), kBlockSize);
  SparseMapReader many;
  EXPECT_FALSE(feed(many, text.substr(0, kBlockSize)));
  EXPECT_TRUE(feed(many, text.substr(kBlockSize)));
  EXPECT_EQ(std::move(many).take(), want);
}

TEST(Sparse, map_in_payload_must_be_numbers) {
  for (const char* const text : {"\n", "x\n", "1\n0\n-4\n", "1\n 0\n4\n", "123456789012345678901234", "1\n0\n"}) {
    SparseMapReader reader;
    EXPECT_THROW(feed(reader, text), FormatError) << text;
  }
}

TEST(Sparse, check_takes_ordered_maps_and_drops_empty_segments) {
  SparseMap map{{0, 4}, {4, 0}, {10, 5}, {20, 0}};
  check_sparse_map(map, 20, 9);
  EXPECT_EQ(map, (SparseMap{{0, 4}, {10, 5}}));
  SparseMap hole;
  EXPECT_NO_THROW(check_sparse_map(hole, 1U << 30U, 0));
}

TEST(Sparse, check_refuses_maps_that_do_not_fit) {
  constexpr std::uint64_t kMax = (1ULL << 63U) - 1;
  struct Case {
    SparseMap map;
    std::uint64_t real_size, stored_size;
  };
  const Case cases[] = {
      {{{4, 4}, {0, 4}}, 8, 8},      // order
      {{{0, 4}, {3, 4}}, 8, 8},      // overlap
      {{{0, 9}}, 8, 9},              // beyond the end
      {{{9, 0}}, 8, 0},              // empty, beyond the end
      {{{kMax, kMax}}, kMax, kMax},  // sum does not fit
      {{{0, 4}}, 8, 3},              // more than stored
      {{{0, 4}}, 8, 5},              // less than stored
      {{}, 8, 1},
  };
  for (const Case& c : cases) {
    SparseMap map = c.map;
    EXPECT_THROW(check_sparse_map(map, c.real_size, c.stored_size), FormatError);
  }
}

TEST(Sparse, gnu_array_ends_at_its_first_unused_pair) {
  std::string block(kBlockSize, '\0');
  const std::string array = testing::gnu_sparse_array({{0, 512}, {4096, 1}}, 4);
  block.replace(field::kGnuSparse.offset, array.size(), array);
  SparseMap map;
  append_gnu_segments(Block(as_bytes(block).first<kBlockSize>()), field::kGnuSparse, map);
  EXPECT_EQ(map, (SparseMap{{0, 512}, {4096, 1}}));
  block[field::kGnuSparse.offset] = 'x';
  EXPECT_THROW(append_gnu_segments(Block(as_bytes(block).first<kBlockSize>()), field::kGnuSparse, map), FormatError);
}

}  // namespace
}  // namespace accel::tar
