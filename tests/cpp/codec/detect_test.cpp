#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

using namespace std::string_literals;

TEST(DetectTest, magic_bytes_decide) {
  struct Case {
    std::string head;
    Compression want;
  };
  const std::vector<Case> cases = {
      {"\x1f\x8b\x08"s, Compression::gzip},
      {"\x1f\x8b\x08\x00rest"s, Compression::gzip},
      {"\x1f\x8b\x07\x00"s, Compression::none},  // a method that is not deflate
      {"\x1f\x8b"s, Compression::none},
      {"\x28\xb5\x2f\xfd"s, Compression::zstd},
      {"\x28\xb5\x2f"s, Compression::none},
      {"\x50\x2a\x4d\x18"s, Compression::zstd},
      {"\x5f\x2a\x4d\x18"s, Compression::zstd},
      {"\x60\x2a\x4d\x18"s, Compression::none},
      {"\x4f\x2a\x4d\x18"s, Compression::none},
      {"\x27\xb5\x2f\xfd"s, Compression::none},  // zstd 0.7
      {""s, Compression::none},
      {"usr/bin/"s, Compression::none},
      {"BZh9"s, Compression::none},
  };
  for (const Case& c : cases) EXPECT_EQ(detect(as_bytes(c.head)), c.want) << hex_encode(as_bytes(c.head));
}

TEST(DetectTest, what_we_write_is_recognised) {
  EXPECT_EQ(detect(as_bytes(gzip("x"))), Compression::gzip);
  EXPECT_EQ(detect(as_bytes(gzip(""))), Compression::gzip);
  EXPECT_EQ(detect(as_bytes(zstd("x"))), Compression::zstd);
  EXPECT_EQ(detect(as_bytes(zstd(""))), Compression::zstd);
}

TEST(DetectTest, names_are_those_of_the_interface) {
  EXPECT_EQ(to_string(Compression::none), "none");
  EXPECT_EQ(to_string(Compression::gzip), "gzip");
  EXPECT_EQ(to_string(Compression::zstd), "zstd");
}

TEST(EncoderVersionTest, names_the_library_and_is_stable) {
  EXPECT_EQ(encoder_version(Compression::none), "none");
  EXPECT_EQ(encoder_version(Compression::gzip).find("libdeflate-1."), 0U);
  EXPECT_EQ(encoder_version(Compression::zstd).find("libzstd-1."), 0U);
  EXPECT_EQ(encoder_version(Compression::gzip), encoder_version(Compression::gzip));
}

}  // namespace
}  // namespace accel::codec
