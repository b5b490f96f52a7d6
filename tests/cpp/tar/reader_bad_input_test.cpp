#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "tar/read_tar.hpp"

namespace accel::tar {
namespace {

using namespace std::string_literals;
using testing::base256;
using testing::read_tar;
using testing::TarBuilder;
using testing::TarDialect;
using testing::TarHeader;

TarHeader patched(std::size_t at, std::string bytes) {
  return {.name = "bad", .patch = [=](std::string& block) { block.replace(at, bytes.size(), bytes); }};
}

struct BadInput {
  const char* what;
  TarBuilder builder;
  std::string_view message;
  std::uint64_t offset;
};

TEST(ReaderBadInput, is_refused_with_entry_offset_and_reason) {
  const BadInput cases[] = {
      {"checksum", TarBuilder().file("good").entry({.name = "bad", .break_checksum = true}), "checksum", 512},
      {"no tar at all", TarBuilder().raw(std::string(2000, 'x')), "no tar stream", 0},
      {"gzip", TarBuilder().raw("\x1F\x8B\b\0"s + std::string(600, 'z')), "checksum", 0},
      {"mode", TarBuilder().entry(patched(100, "8")), "bad: tar header field mode", 0},
      {"size is no number", TarBuilder().entry(patched(124, "12x")), "bad: tar header field size", 0},
      {"negative size", TarBuilder().entry(patched(124, base256(-1, 12))), "size is -1", 0},
      {"overflowing size", TarBuilder().entry(patched(124, "\x80\0\0\1"s)), "size is no number", 0},
      {"negative uid", TarBuilder().file("a").entry(patched(108, base256(-2, 8))), "uid is -2", 512},
      {"size beyond the end", TarBuilder().entry({.name = "bad", .size = 1000}, "short"),
       "of which 488 bytes are missing", 1024},
      {"negative PAX size", TarBuilder().pax({{"size", "-1"}}).file("bad"), "PAX record size", 1024},
      {"overflowing PAX size", TarBuilder().pax({{"size", "9223372036854775808"}}).file("bad"), "PAX record size",
       1024},
      {"PAX uid", TarBuilder().pax({{"uid", "root"}}).file("bad"), "PAX record uid", 1024},
      {"PAX time", TarBuilder().pax({{"mtime", "yesterday"}}).file("bad"), "PAX record mtime", 1024},
      {"PAX record length", TarBuilder().pax_payload("99 path=x\n").file("bad"), "99 bytes, 10 are left", 0},
      {"PAX header without a file", TarBuilder().pax({{"uid", "1"}}).end(), "followed by no file", 1024},
      {"PAX header at the end", TarBuilder().pax({{"uid", "1"}}), "followed by no file", 1024},
      {"long name without a file", TarBuilder().gnu_long_name("x").end(), "followed by no file", 1024},
      {"extension of negative size",
       TarBuilder().entry(
           {.name = "x", .type = 'x', .patch = [](std::string& block) { block.replace(124, 12, base256(-1, 12)); }}),
       "extension header has a bad size", 0},
      {"single zero block", TarBuilder().file("a").zero_blocks(1).file("b"), "single zero block", 512},
      {"half a zero block", TarBuilder().file("a").zero_blocks(1).raw("\0\0\0"s), "end-of-archive", 512},
      {"half a header", TarBuilder().file("a").raw("half a header"), "a header block", 512},
      {"huge extension header", TarBuilder().entry({.name = "x", .type = 'x', .size = 077777777777}), "1048576", 512},
  };
  for (const BadInput& bad : cases) {
    try {
      read_tar(bad.builder);
      FAIL() << bad.what;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(bad.message), std::string_view::npos)
          << bad.what << ": " << error.what();
      EXPECT_EQ(error.where().offset, bad.offset) << bad.what << ": " << error.what();
    }
  }
}

TEST(ReaderBadInput, types_that_no_layer_may_hold_are_unsupported_by_name) {
  for (const char type : {'7', 'A', 'D', 'M', 'N', 'V', 'X', '8', 'Z', '\x01', '\xFF'}) {
    try {
      read_tar(TarBuilder().file("good").entry({.name = "dir/strange", .type = type}));
      FAIL() << type;
    } catch (const UnsupportedError& error) {
      const std::string_view text = error.what();
      EXPECT_NE(text.find("dir/strange"), std::string_view::npos) << text;
      EXPECT_NE(text.find(type > ' ' ? std::string{'\'', type, '\''} : "0x"), std::string_view::npos) << text;
    }
  }
}

TEST(ReaderBadInput, truncation_anywhere_throws_or_ends_between_entries) {
  TarBuilder builder;
  builder.directory("d/").file("d/a", std::string(1500, 'a'));
  builder.gnu_long_name(std::string(600, 'n')).file("b", "bb");
  builder.pax({{"mtime", "1.5"}, {"SCHILY.xattr.user.x", std::string(700, 'v')}}).symlink("s", "t");
  builder.entry({.name = "sparse",
                 .type = 'S',
                 .dialect = TarDialect::gnu,
                 .patch =
                     [](std::string& block) {
                       block.replace(386, 96, testing::gnu_sparse_array({{0, 4}}, 4));
                       block.replace(483, 12, testing::octal(100, 11) + '\0');
                     }},
                "data");
  builder.end();
  const testing::ReadTar whole = read_tar(builder);

  std::size_t ended = 0;
  for (std::size_t size = 0; size <= builder.text().size(); ++size) {
    testing::ReadTar part;
    try {
      part = read_tar(builder.text().substr(0, size));
    } catch (const FormatError& error) {
      EXPECT_NE(std::string_view(error.what()).find(" at offset "), std::string_view::npos) << error.what();
      EXPECT_LE(error.where().offset.value(), size);
      continue;
    }
    ++ended;
    // It ended as if complete: then every entry it showed is whole, and only padding or what marks the end is missing.
    ASSERT_LE(part.members.size(), whole.members.size()) << size;
    for (std::size_t i = 0; i < part.members.size(); ++i) {
      EXPECT_EQ(part.members[i].entry, whole.members[i].entry) << size;
      EXPECT_TRUE(part.members[i].content == whole.members[i].content) << size;
    }
  }
  // 0; after the directory; within and after the padding of d/a (36 bytes), b (510), sparse (508); after s; after one
  // and two zero blocks.
  EXPECT_EQ(ended, 1U + 1U + 37U + 511U + 1U + 509U + 2U);
}

TEST(ReaderBadInput, limits_can_be_set) {
  ReaderOptions options;
  options.max_entries = 2;
  EXPECT_NO_THROW(read_tar(TarBuilder().file("a").file("b").end().text(), SIZE_MAX, SIZE_MAX, options));
  EXPECT_THROW(read_tar(TarBuilder().file("a").file("b").file("c").text(), SIZE_MAX, SIZE_MAX, options), FormatError);

  options = {};
  options.max_extension_bytes = 2048;
  const TarBuilder small = TarBuilder().pax({{"SCHILY.xattr.a", std::string(1000, 'v')}}).file("x");
  EXPECT_NO_THROW(read_tar(small.text(), SIZE_MAX, SIZE_MAX, options));
  options.max_extension_bytes = 1000;
  EXPECT_THROW(read_tar(small.text(), SIZE_MAX, SIZE_MAX, options), FormatError);
}

TEST(ReaderBadInput, extension_headers_without_end_are_limited) {
  TarBuilder repeated;
  for (int i = 0; i < 3000; ++i) repeated.pax_payload("");
  EXPECT_THROW(read_tar(repeated.file("x")), FormatError);

  TarBuilder globals;
  for (int i = 0; i < 40; ++i) globals.pax({{"comment", std::string(50'000, 'c')}}, 'g');
  EXPECT_THROW(read_tar(globals.file("x")), FormatError);
}

/// Fails in the middle, as a decompressor does on damaged input.
class FailingStream final : public io::ByteStream {
 public:
  explicit FailingStream(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(MutableByteView out) override {
    const std::size_t count = bytes_.read(out);
    if (count == 0) throw FormatError("gzip member has a wrong checksum");
    return count;
  }

 private:
  testing::ChunkedStream bytes_;
};

TEST(ReaderBadInput, errors_of_the_stream_pass_unchanged) {
  FailingStream stream(TarBuilder().file("a", std::string(5000, 'a')).text().substr(0, 2000));
  Reader reader(stream);
  ASSERT_NE(reader.next(), nullptr);
  try {
    reader.next();
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(), "gzip member has a wrong checksum");
  }
}

}  // namespace
}  // namespace accel::tar
