#include "accel/formats/estargz/layout.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

#include "accel/formats/jtoc/entry.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/tar/writer.hpp"

namespace accel::formats::estargz {
namespace {

Bytes from_hex(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  EXPECT_TRUE(hex_decode(hex, bytes));
  return bytes;
}

// estargz.md 6.1, TOC offset 546.
const std::string kFooterVector =
    "1f8b08040000000000ff1a0053471600"
    "30303030303030303030303030323232"
    "53544152475a010000ffff0000000000000000";
// 6.2 and 6.3, field by field.
const std::string kLegacyVector =
    "1f8b08040000000000ff1600"
    "30303030303030303030303030323232"
    "53544152475a010000ffff0000000000000000";
const std::string kExternalVector =
    "1f8b08040000000000ff150053471100"
    "53544152475a45585445524e414c544f43"
    "010000ffff0000000000000000";

TEST(Footer, is_the_vector_of_the_spec) {
  EXPECT_EQ(hex_encode(encode_footer({546})), kFooterVector);
  EXPECT_EQ(hex_encode(encode_external_toc_footer()), kExternalVector);
}

TEST(Footer, all_three_kinds_are_found) {
  const auto inner = find_footer(from_hex(kFooterVector), 1287);
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->toc_offset, 546U);
  EXPECT_EQ(inner->size, 51U);
  EXPECT_FALSE(inner->external_toc);

  const auto legacy = find_footer(from_hex("00000000" + kLegacyVector), 1287);
  ASSERT_TRUE(legacy);
  EXPECT_EQ(legacy->toc_offset, 546U);
  EXPECT_EQ(legacy->size, 47U);

  const auto external = find_footer(from_hex(kExternalVector), 100);
  ASSERT_TRUE(external);
  EXPECT_TRUE(external->external_toc);
  EXPECT_EQ(external->toc_offset, 54U);
}

TEST(Footer, large_offsets_survive) {
  const auto footer = encode_footer({0x123456789abcdefULL});
  const auto found = find_footer(footer, UINT64_MAX);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->toc_offset, 0x123456789abcdefULL);
}

TEST(Footer, offset_outside_of_the_blob_is_no_footer) {
  EXPECT_TRUE(find_footer(from_hex(kFooterVector), 546 + 52));
  EXPECT_FALSE(find_footer(from_hex(kFooterVector), 546 + 51));
  EXPECT_FALSE(find_footer(from_hex(kFooterVector), 51));
}

TEST(Footer, damage_to_any_byte_that_readers_check_is_noticed) {
  for (const std::string& vector : {kFooterVector, kLegacyVector, kExternalVector}) {
    const Bytes good = from_hex(vector);
    const std::size_t deflate = good.size() - 13;
    for (std::size_t i = 0; i < good.size(); ++i) {
      // Time, flags of the compressor and system are free, and so is the empty content (6.4).
      if ((i >= 4 && i < 10) || i >= deflate) continue;
      Bytes bad = good;
      bad[i] ^= std::byte{0x40};
      const auto found = find_footer(bad, 100000);
      const bool another_offset = found && !found->external_toc && found->toc_offset != 546;
      EXPECT_TRUE(!found || another_offset) << vector << " byte " << i;
    }
  }
}

TEST(Footer, short_tails_have_none) {
  const Bytes footer = from_hex(kFooterVector);
  for (std::size_t size = 0; size < footer.size(); ++size) {
    EXPECT_FALSE(find_footer(ByteView(footer).last(size), 100000)) << size;
  }
}

TEST(Landmark, header_has_the_bytes_of_the_spec) {
  Buffer header;
  tar::write_header(landmark_entry(jtoc::kNoPrefetchLandmark), header);
  std::string expected(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { expected.replace(at, text.size(), text); };
  put(0, ".no.prefetch.landmark");
  put(100, "0000000");
  put(108, "0000000");
  put(116, "0000000");
  put(124, "00000000001");
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  put(329, "0000000");
  put(337, "0000000");
  unsigned sum = 0;
  for (const char c : expected) sum += static_cast<unsigned char>(c);
  char checksum[8];
  std::snprintf(checksum, sizeof checksum, "%06o", sum);
  put(148, std::string_view(checksum, 6));
  put(154, std::string_view("\0 ", 2));
  EXPECT_EQ(to_string(header.view()), expected);
}

TEST(Landmark, content_has_the_digest_of_the_spec) {
  EXPECT_EQ(hash::sha256({&jtoc::kLandmarkContent, 1}).to_string(),
            "sha256:dc0e9c3658a1a3ed1ec94274d8b19925c93e1abb7ddba294923ad9bde30f8cb8");
}

TEST(TocTar, is_header_json_padding_and_end) {
  Buffer toc;
  toc.resize(512);
  toc.append(as_bytes("{}"));
  wrap_toc(toc);
  ASSERT_EQ(toc.size(), 512U + 512U + 1024U);
  EXPECT_EQ(as_text(toc.view().first(17)), jtoc::kTocName);
  EXPECT_EQ(as_text(toc.view().subspan(124, 11)), "00000000002");
  EXPECT_EQ(as_text(toc.view().subspan(512, 2)), "{}");
  const Bytes zeros(510 + 1024);
  EXPECT_EQ(std::memcmp(toc.data() + 514, zeros.data(), zeros.size()), 0);
}

}  // namespace
}  // namespace accel::formats::estargz
