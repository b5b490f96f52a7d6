#include "accel/registry/content_range.hpp"

#include <gtest/gtest.h>

namespace accel::registry {
namespace {

TEST(ContentRange, download_ranges_are_read) {
  EXPECT_EQ(parse_content_range("bytes 0-99/200"), (ContentRange{0, 99, 200}));
  EXPECT_EQ(parse_content_range("Bytes 5-5/6"), (ContentRange{5, 5, 6}));
  EXPECT_EQ(parse_content_range(" bytes 10-19/* "), (ContentRange{10, 19, std::nullopt}));
  for (const char* text :
       {"", "bytes", "bytes 0-99", "bytes 9-5/20", "bytes 0-99/99", "bytes 0-99/x", "bytes */200", "items 0-1/2",
        "bytes -5/10", "bytes 0-18446744073709551615/*", "bytes 0-1/-2", "bytes 99999999999999999999-1/2"}) {
    EXPECT_EQ(parse_content_range(text), std::nullopt) << text;
  }
}

TEST(ContentRange, upload_ranges_give_the_number_of_bytes) {
  EXPECT_EQ(parse_upload_range("0-99"), 100U);
  EXPECT_EQ(parse_upload_range("bytes=0-99"), 100U);
  EXPECT_EQ(parse_upload_range("0-0"), 0U);  // docker-registry says this for an empty session
  for (const char* text : {"", "5-99", "0", "0-", "-9", "0-18446744073709551615", "bytes 0-99", "0-9/10"}) {
    EXPECT_EQ(parse_upload_range(text), std::nullopt) << text;
  }
}

TEST(ContentRange, request_ranges_are_written) { EXPECT_EQ(range_value(3, 9), "bytes=3-9"); }

}  // namespace
}  // namespace accel::registry
