#include "accel/formats/nydus/blob_toc.hpp"

#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"

namespace accel::formats::nydus {
namespace {

std::string header(std::string_view name, std::uint64_t size) { return to_string(section_header(name, size)); }

/// nydus-blob.md 3.2.
TEST(SectionHeader, agrees_with_the_vector_of_the_specification) {
  const std::string text = header("rafs.blob.toc", 512);
  EXPECT_EQ(text.size(), 512U);
  EXPECT_EQ(text.substr(0, 16), std::string("rafs.blob.toc\0\0\0", 16));
  EXPECT_EQ(text.substr(124, 12), std::string("00000001000\0", 12));
  EXPECT_EQ(text.substr(136, 12), std::string("00000000000\0", 12));
  EXPECT_EQ(text.substr(148, 8), std::string("0006255\0", 8));
  EXPECT_EQ(text[156], '0');
  EXPECT_EQ(text.substr(257, 8), std::string("ustar  \0", 8));
  EXPECT_EQ(text.find_first_not_of('\0', 265), std::string::npos);
  EXPECT_EQ(text.substr(100, 24), std::string(24, '\0'));
}

TEST(SectionHeader, eight_gigabytes_are_written_in_binary) {
  EXPECT_EQ(header("image.blob", (1ULL << 33U) - 1).substr(124, 12), std::string("77777777777\0", 12));
  EXPECT_EQ(header("image.blob", 1ULL << 33U).substr(124, 12), std::string("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12));
}

TEST(SectionEntry, fields_are_where_the_specification_puts_them) {
  SectionEntry entry = {section::kMetaHeader, Compressor::zstd, {}, 0x1122334455667788, 0x99, 0x1000};
  entry.digest.fill(std::byte{0xAB});
  Buffer out;
  append_section_entry(entry, out);
  ASSERT_EQ(out.size(), kSectionEntrySize);
  EXPECT_EQ(hex_encode(out.view().first(8)), "0200000000000000");
  EXPECT_EQ(as_text(out.view().subspan(8, 16)), "blob.meta.header");
  EXPECT_EQ(to_bytes(out.view().subspan(24, 32)), Bytes(32, std::byte{0xAB}));
  EXPECT_EQ(hex_encode(out.view().subspan(56, 24)), "887766554433221199000000000000000010000000000000");
  EXPECT_EQ(hex_encode(out.view().subspan(80)), std::string(96, '0'));
}

TEST(SectionEntry, compressors_have_flags_and_gzip_has_none) {
  const auto flag = [](Compressor compressor) {
    Buffer out;
    append_section_entry({section::kMeta, compressor}, out);
    return std::to_integer<int>(out.view()[0]);
  };
  EXPECT_EQ(flag(Compressor::none), 1);
  EXPECT_EQ(flag(Compressor::zstd), 2);
  EXPECT_EQ(flag(Compressor::lz4_block), 4);
  EXPECT_THROW(flag(Compressor::gzip), Error);
}

}  // namespace
}  // namespace accel::formats::nydus
