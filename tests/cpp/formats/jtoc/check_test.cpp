#include "accel/formats/jtoc/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::jtoc {
namespace {

const hash::Digest kDigest = hash::sha256(as_bytes("content"));

Entry entry(std::string name, EntryKind kind) {
  Entry result;
  result.name = std::move(name);
  result.kind = kind;
  return result;
}

Entry file(std::string name, std::uint64_t size, std::uint64_t offset) {
  Entry result = entry(std::move(name), EntryKind::regular);
  result.size = size;
  result.offset = offset;
  result.digest = kDigest;
  result.chunk_digest = kDigest;
  return result;
}

Entry chunk(std::string name, std::uint64_t chunk_offset, std::uint64_t chunk_size, std::uint64_t offset) {
  Entry result = entry(std::move(name), EntryKind::chunk);
  result.chunk_offset = chunk_offset;
  result.chunk_size = chunk_size;
  result.offset = offset;
  result.chunk_digest = kDigest;
  return result;
}

Entry hardlink(std::string name, std::string target) {
  Entry result = entry(std::move(name), EntryKind::hardlink);
  result.link_name = std::move(target);
  return result;
}

/// A good TOC: directory, a file in three chunks, an empty file, a link.
Toc good() {
  Toc toc;
  toc.entries = {
      entry("d/", EntryKind::directory), file("d/f", 20, 10),    chunk("d/f", 8, 8, 20), chunk("d/f", 16, 0, 30),
      entry("e", EntryKind::regular),    hardlink("l", "./d/f"), file("g", 5, 40)};
  toc.entries[1].chunk_size = 8;
  return toc;
}

constexpr CheckRules kRules = {100, true, true};

std::string error_of(const Toc& toc, const CheckRules& rules = kRules) {
  try {
    check_toc(toc, rules);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

TEST(CheckToc, a_sound_toc_passes) { EXPECT_EQ(error_of(good()), ""); }

TEST(CheckToc, each_fault_is_found) {
  struct Fault {
    const char* what;
    void (*make)(Toc&);
  };
  const Fault faults[] = {
      {"version", [](Toc& toc) { toc.version = 2; }},
      {"two entries", [](Toc& toc) { toc.entries[4].name = "./g"; }},
      {"..", [](Toc& toc) { toc.entries[4].name = "d/../x"; }},
      {"do not follow each other", [](Toc& toc) { toc.entries[2].chunk_offset = 9; }},
      {"do not follow each other", [](Toc& toc) { toc.entries[1].chunk_offset = 1; }},
      {"longer than the file", [](Toc& toc) { toc.entries[2].chunk_size = 100; }},
      {"longer than the file", [](Toc& toc) { toc.entries[1].size = 16; }},
      {"shorter than the file", [](Toc& toc) { toc.entries.erase(toc.entries.begin() + 3); }},
      {"follows no file", [](Toc& toc) { toc.entries.push_back(toc.entries[3]), toc.entries[6].size = 0; }},
      {"follows no file", [](Toc& toc) { toc.entries.insert(toc.entries.begin(), toc.entries[3]); }},
      {"beyond the data", [](Toc& toc) { toc.entries[6].offset = 100; }},
      {"not above the one before", [](Toc& toc) { toc.entries[6].offset = 30; }},
      {"not above the one before", [](Toc& toc) { toc.entries[6].offset = 29; }},
      {"before the file in front of it ends", [](Toc& toc) { toc.entries[1].end_offset = 41; }},
      {"endOffset", [](Toc& toc) { toc.entries[6].end_offset = 40; }},
      {"endOffset", [](Toc& toc) { toc.entries[6].end_offset = 101; }},
      {"no digest", [](Toc& toc) { toc.entries[2].chunk_digest = {}; }},
      {"no digest", [](Toc& toc) { toc.entries[6].digest = toc.entries[6].chunk_digest = {}; }},
      {"which is not there", [](Toc& toc) { toc.entries[5].link_name = "nothing"; }},
      {"to a directory", [](Toc& toc) { toc.entries[5].link_name = "d"; }},
      {"circle", [](Toc& toc) { toc.entries[5].link_name = "l"; }},
      {"circle", [](Toc& toc) { toc.entries[5].link_name = "m", toc.entries.push_back(hardlink("m", "l")); }},
  };
  for (const Fault& fault : faults) {
    Toc toc = good();
    fault.make(toc);
    EXPECT_NE(error_of(toc).find(fault.what), std::string::npos) << fault.what << ": " << error_of(toc);
  }
}

TEST(CheckToc, whole_files_may_have_a_digest_only) {
  Toc toc = good();
  toc.entries[6].chunk_digest = {};
  EXPECT_EQ(error_of(toc), "");
}

TEST(CheckToc, the_c_dialect_needs_file_digests_and_knows_no_inner_offset) {
  Toc toc = good();
  for (Entry& each : toc.entries) each.chunk_digest = {};
  EXPECT_EQ(error_of(toc, {100, false, false}), "");
  toc.entries[1].digest = {};
  EXPECT_NE(error_of(toc, {100, false, false}), "");
  Toc inner = good();
  inner.entries[6].inner_offset = 1;
  EXPECT_EQ(error_of(inner), "");
  EXPECT_NE(error_of(inner, {100, true, false}), "");
}

TEST(CheckToc, chunks_of_one_member_ascend_by_inner_offset) {
  Toc toc;
  toc.entries = {file("a", 5, 0), file("b", 5, 0), file("c", 5, 7)};
  toc.entries[0].inner_offset = 512;
  toc.entries[1].inner_offset = 1536;
  EXPECT_EQ(error_of(toc), "");
  EXPECT_EQ(unit_offsets(toc), (std::vector<std::uint64_t>{0, 7}));
  toc.entries[1].inner_offset = 512;
  EXPECT_NE(error_of(toc), "");
}

TEST(CheckToc, long_chains_of_links_are_walked_once) {
  Toc toc;
  toc.entries.push_back(file("0", 1, 1));
  constexpr int kLinks = 100000;
  for (int i = 1; i <= kLinks; ++i) toc.entries.push_back(hardlink(std::to_string(i), std::to_string(i - 1)));
  EXPECT_EQ(error_of(toc), "");
  std::reverse(toc.entries.begin(), toc.entries.end());
  EXPECT_EQ(error_of(toc), "");
}

TEST(Chunks, sizes_and_digests_are_completed) {
  const Toc toc = good();
  const std::vector<Chunk> chunks = chunks_of(toc, 1);
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[1].file_offset, 8U);
  EXPECT_EQ(chunks[2].size, 4U);
  EXPECT_EQ(chunks[2].offset, 30U);
  EXPECT_TRUE(chunks_of(toc, 4).empty());
  Toc whole = good();
  whole.entries[6].chunk_digest = {};
  EXPECT_EQ(chunks_of(whole, 6)[0].digest, kDigest);
}

TEST(Chunks, the_end_stands_on_the_last_chunk_or_on_the_file) {
  Toc toc = good();
  toc.entries[1].end_offset = 35;
  EXPECT_EQ(chunks_of(toc, 1)[2].end_offset, 35U);
  EXPECT_EQ(chunks_of(toc, 1)[0].end_offset, 0U);
  EXPECT_EQ(unit_offsets(toc), (std::vector<std::uint64_t>{0, 10, 20, 30, 35, 40}));
  toc.entries[3].end_offset = 36;
  EXPECT_EQ(chunks_of(toc, 1)[2].end_offset, 36U);
}

TEST(FindFile, hardlinks_lead_to_the_file) {
  const Toc toc = good();
  const NameMap names = map_names(toc);
  EXPECT_EQ(find_file(toc, names, "d/f"), 1U);
  EXPECT_EQ(find_file(toc, names, "l"), 1U);
  EXPECT_EQ(find_file(toc, names, "d"), 0U);
  EXPECT_EQ(find_file(toc, names, "nothing"), toc.entries.size());
}

}  // namespace
}  // namespace accel::formats::jtoc
