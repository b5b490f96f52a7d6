#include "accel/formats/zstdchunked/layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace accel::formats::zstdchunked {
namespace {

// zstdchunked.md 2.2 and 3.2.
constexpr BlobRange kStargzToc{507152, 1088, 3911};
const std::string kStargzVector =
    "502a4d182800000010bd07000000000040040000000000004"
    "70f0000000000000100000000000000476e556c496e5578";
constexpr ContainersFooter kContainers{{506036, 1268, 4051}, {507312, 1135, 26701}};
const std::string kContainersVector =
    "502a4d1840000000b4b8070000000000f404000000000000d30f0000000000000100000000000000"
    "b0bd0700000000006f040000000000004d68000000000000474e556c496e5578";

TEST(Footers, are_the_vectors_of_the_spec) {
  EXPECT_EQ(hex_encode(stargz_footer_frame(kStargzToc).view()), kStargzVector);
  EXPECT_EQ(hex_encode(containers_footer_frame(kContainers).view()), kContainersVector);
}

TEST(Footers, are_read_back) {
  const Buffer stargz = stargz_footer_frame(kStargzToc);
  const auto stargz_payload = skippable_payload(stargz.view());
  ASSERT_TRUE(stargz_payload);
  EXPECT_EQ(decode_stargz_footer(stargz_payload->first<kStargzFooterSize>()), kStargzToc);
  const Buffer containers = containers_footer_frame(kContainers);
  const auto containers_payload = skippable_payload(containers.view());
  ASSERT_TRUE(containers_payload);
  EXPECT_EQ(decode_containers_footer(containers_payload->first<kContainersFooterSize>()), kContainers);
}

TEST(Footers, each_dialect_refuses_the_magic_of_the_other) {
  Buffer frame = containers_footer_frame(kContainers);
  EXPECT_FALSE(decode_stargz_footer(frame.view().last<kStargzFooterSize>()));
  Buffer stargz = stargz_footer_frame(kStargzToc);
  stargz.append(stargz.view().first(0));
  std::array<std::byte, kContainersFooterSize> padded{};
  std::copy(stargz.view().end() - 40, stargz.view().end(), padded.end() - 40);
  EXPECT_FALSE(decode_containers_footer(padded));
}

TEST(SkippableFrame, wrong_magic_and_wrong_length_are_noticed) {
  Buffer frame;
  append_skippable_frame(as_bytes("abc"), frame);
  ASSERT_TRUE(skippable_payload(frame.view()));
  EXPECT_EQ(as_text(*skippable_payload(frame.view())), "abc");
  EXPECT_FALSE(skippable_payload(frame.view().first(10)));
  EXPECT_FALSE(skippable_payload(frame.view().first(7)));
  for (std::size_t i = 0; i < kSkippableHeaderSize; ++i) {
    Bytes bad = to_bytes(frame.view());
    bad[i] ^= std::byte{1};
    EXPECT_FALSE(skippable_payload(bad)) << i;
  }
}

TEST(Position, text_and_value_agree) {
  EXPECT_EQ(position_text(kStargzToc, true), "507152:1088:3911:1");
  EXPECT_EQ(position_text(kStargzToc, false), "507152:1088:3911");
  EXPECT_EQ(parse_position("507152:1088:3911:1", true), kStargzToc);
  EXPECT_EQ(parse_position("507152:1088:3911", false), kStargzToc);
  for (const char* bad : {"", "1:2:3", "1:2:3:2", "1:2:3:1:", "1:2:3:1 ", "-1:2:3:1", "1::3:1", "a:2:3:1",
                          "18446744073709551616:2:3:1", "1:2:3:x", " 1:2:3:1", "0x1:2:3:1"}) {
    EXPECT_FALSE(parse_position(bad, true)) << bad;
  }
  EXPECT_FALSE(parse_position("1:2:3:1", false));
}

}  // namespace
}  // namespace accel::formats::zstdchunked
