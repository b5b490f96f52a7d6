#include "accel/tar/writer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "accel/base/error.hpp"
#include "tar/read_tar.hpp"

namespace accel::tar {
namespace {

using namespace std::string_literals;

std::string written(const Entry& entry) {
  Buffer out;
  write_header(entry, out);
  return to_string(out.view());
}

Entry named(std::string name) {
  Entry entry;
  entry.name = std::move(name);
  return entry;
}

/// What the reader makes of the written header and a payload of zeros.
Entry round_trip(const Entry& entry) {
  std::string text = written(entry);
  const std::size_t header_size = text.size();
  text.append(entry.size + padding_size(entry.size), '\0');
  Entry read = testing::read_tar(text).members.at(0).entry;
  EXPECT_EQ(read.payload_offset, header_size);
  EXPECT_EQ(read.header_size, entry.size);
  read.payload_offset = 0;
  read.header_size = entry.header_size;
  return read;
}

TEST(Writer, landmark_header_is_the_one_of_the_specification) {
  Entry landmark = named(".no.prefetch.landmark");
  landmark.size = 1;
  // estargz.md section 2, field by field.
  std::string want = ".no.prefetch.landmark"s + std::string(79, '\0') + "0000000\0"s + "0000000\0"s + "0000000\0"s +
                     "00000000001\0"s + "00000000000\0"s + "        0"s + std::string(100, '\0') + "ustar\00000"s +
                     std::string(64, '\0') + "0000000\0"s + "0000000\0"s + std::string(167, '\0');
  testing::set_tar_checksum(want);
  EXPECT_EQ(written(landmark), want);
}

TEST(Writer, checksum_is_six_digits_nul_space) {
  const std::string block = written(named("x"));
  EXPECT_EQ(block.substr(148, 8), "007347\0 "s);
}

TEST(Writer, what_fits_takes_one_block) {
  Entry entry = named(std::string(100, 'n'));
  entry.link_name = std::string(100, 'l');
  entry.type = EntryType::symlink;
  entry.mode = 07777777;
  entry.uid = entry.gid = 07777777;
  entry.mtime.seconds = 077777777777;
  entry.user_name = entry.group_name = std::string(32, 'u');
  entry.device_major = entry.device_minor = 07777777;
  EXPECT_EQ(written(entry).size(), kBlockSize);
  EXPECT_EQ(round_trip(entry), entry);
  Entry large = named("large");
  large.size = 077777777777;
  EXPECT_EQ(written(large).size(), kBlockSize);
}

TEST(Writer, what_does_not_fit_takes_a_pax_record) {
  struct Case {
    std::string_view record;
    std::function<void(Entry&)> change;
  };
  const Case cases[] = {
      {"path=caf\xC3\xA9\n", [](Entry& e) { e.name = "caf\xC3\xA9"; }},
      {"path=caf\xE9\n", [](Entry& e) { e.name = "caf\xE9"; }},
      {"linkpath=\xFF\n", [](Entry& e) { e.link_name = "\xFF", e.type = EntryType::symlink; }},
      {"uname=J\xC3\xB6rg\n", [](Entry& e) { e.user_name = "J\xC3\xB6rg"; }},
      {"gname=ggggggggggggggggggggggggggggggggg\n", [](Entry& e) { e.group_name = std::string(33, 'g'); }},
      {" uid=2097152\n", [](Entry& e) { e.uid = 2097152; }},
      {" gid=4294967295\n", [](Entry& e) { e.gid = 4294967295; }},
      {" mtime=-1\n",
       [](Entry& e) {
         e.mtime = {-1, 0};
       }},
      {" mtime=-0.25\n",
       [](Entry& e) {
         e.mtime = {-1, 750'000'000};
       }},
      {" mtime=1.000000001\n",
       [](Entry& e) {
         e.mtime = {1, 1};
       }},
      {" mtime=8589934592\n",
       [](Entry& e) {
         e.mtime = {8589934592, 0};
       }},
      {" atime=3\n",
       [](Entry& e) {
         e.atime = Time{3, 0};
       }},
      {" ctime=0\n", [](Entry& e) { e.ctime = Time{}; }},
      {" SCHILY.xattr.security.capability=", [](Entry& e) { e.xattrs["security.capability"] = "\1\0\n\xFF"s; }},
  };
  for (const Case& c : cases) {
    Entry entry = named("plain");
    c.change(entry);
    const std::string text = written(entry);
    EXPECT_EQ(text.size(), 3 * kBlockSize) << c.record;
    EXPECT_EQ(text[156], 'x');
    EXPECT_NE(text.find(c.record), std::string::npos) << c.record;
    EXPECT_EQ(round_trip(entry), entry) << c.record;
  }
}

TEST(Writer, long_names_are_split_at_a_slash_when_they_can_be) {
  struct Case {
    std::string name;
    std::size_t blocks;
  };
  const std::string n100(100, 'n');
  const std::string p155(155, 'p');
  const Case cases[] = {
      {p155 + "/" + n100, 1},
      {p155 + "/" + n100.substr(1) + "/", 1},
      {"p/" + n100, 1},
      {"p/" + n100 + "n", 3},
      {p155 + "p/" + n100, 3},
      {"/" + n100, 3},   // no empty prefix
      {n100 + "n/", 3},  // no empty name
      {"caf\xC3\xA9/" + n100, 3},
      {std::string(120, 'a') + "/" + std::string(90, 'b') + "/c", 1},
      {std::string(5000, 'x'), 2 + (5000 + 12 + 511) / 512},
  };
  for (const Case& c : cases) {
    const Entry entry = named(c.name);
    EXPECT_EQ(written(entry).size(), c.blocks * kBlockSize) << c.name;
    EXPECT_EQ(round_trip(entry), entry) << c.name;
  }
}

TEST(Writer, records_are_sorted_by_key) {
  Entry entry = named("\xFF");
  entry.uid = 1U << 30U;
  entry.atime = Time{1, 0};
  entry.xattrs = {{"user.b", "2"}, {"user.a", "1"}};
  const std::string text = written(entry);
  std::size_t last = 0;
  for (const char* const key : {"SCHILY.xattr.user.a=", "SCHILY.xattr.user.b=", "atime=", "path=", "uid="}) {
    const std::size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos) << key;
    EXPECT_GT(at, last) << key;
    last = at;
  }
}

TEST(Writer, numbers_without_pax_record_become_base_256) {
  Entry entry = named("device");
  entry.type = EntryType::character;
  entry.device_major = 0xFFFFFFFF;
  entry.device_minor = 010000000;
  entry.mode = 0xFFFFFFFF;
  EXPECT_EQ(written(entry).size(), kBlockSize);
  EXPECT_EQ(round_trip(entry), entry);
}

TEST(Writer, old_readers_see_no_directory_in_a_cut_off_file_name) {
  const Entry entry = named(std::string(99, 'n') + "/" + std::string(200, 'm'));
  const std::string text = written(entry);
  EXPECT_EQ(text.substr(2 * kBlockSize, 100), std::string(99, 'n') + "_");
}

TEST(Writer, what_tar_cannot_store_is_refused) {
  Entry nul = named("a\0b"s);
  EXPECT_THROW(written(nul), FormatError);
  Entry link = named("a");
  link.link_name = "x\0"s;
  EXPECT_THROW(written(link), FormatError);
  Entry equals = named("a");
  equals.xattrs["user.a=b"] = "v";
  EXPECT_THROW(written(equals), UnsupportedError);
}

TEST(Writer, end_is_two_zero_blocks_after_what_was_there) {
  Buffer out;
  write_header(named("a"), out);
  write_end(out);
  EXPECT_EQ(out.size(), 3 * kBlockSize);
  EXPECT_EQ(as_text(out.view().subspan(kBlockSize)), std::string(1024, '\0'));
}

TEST(Writer, random_entries_come_back_equal) {
  std::mt19937_64 random(20240607);
  const auto pick = [&](auto... values) {
    const std::common_type_t<decltype(values)...> all[] = {values...};
    return all[random() % std::size(all)];
  };
  const auto text = [&](std::size_t max) {
    std::string value(random() % (max + 1), 'x');
    for (char& c : value) c = pick('a', '/', '.', ' ', '\n', '\x7F', '\xC3', '=', '_');
    return value;
  };
  const auto time = [&] {
    return Time{static_cast<std::int64_t>(random()) >> (random() % 64),
                static_cast<std::uint32_t>(random() % 2 * (random() % 1'000'000'000))};
  };
  for (int i = 0; i < 3000; ++i) {
    Entry entry = named("n" + text(300));
    entry.type = static_cast<EntryType>(random() % 7);
    if (entry.type == EntryType::symlink || entry.type == EntryType::hardlink) entry.link_name = text(200);
    entry.mode = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
    entry.uid = random() >> (1 + random() % 63);
    entry.gid = random() >> (1 + random() % 63);
    entry.user_name = text(40);
    entry.group_name = text(40);
    if (entry.type == EntryType::regular) entry.size = random() % 2000;
    entry.mtime = time();
    if (random() % 3 == 0) entry.atime = time();
    if (random() % 3 == 0) entry.ctime = time();
    entry.device_major = static_cast<std::uint32_t>(random() >> (32 + random() % 32));
    for (std::uint64_t k = random() % 3; k > 0; --k) {
      const std::string name = "user." + std::to_string(random() % 1000);
      entry.xattrs[name] = "v" + text(100);
    }
    ASSERT_EQ(round_trip(entry), entry) << i;
  }
}

}  // namespace
}  // namespace accel::tar
