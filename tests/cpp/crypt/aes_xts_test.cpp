#include "accel/crypt/aes_xts.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/crypt/random.hpp"

namespace accel::crypt {
namespace {

XtsKey counting_key() {
  XtsKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  return key;
}

XtsTweak counting_tweak() {
  XtsTweak tweak;
  for (std::size_t i = 0; i < tweak.size(); ++i) tweak[i] = static_cast<std::byte>(i);
  return tweak;
}

std::string encrypted_hex(ByteView text) {
  Bytes out(text.size());
  aes128_xts_encrypt(counting_key(), counting_tweak(), text, out);
  return hex_encode(out);
}

/// nydus-blob.md 18, made with an independent library.
TEST(AesXts, agrees_with_the_vectors_of_the_specification) {
  EXPECT_EQ(encrypted_hex(as_bytes(std::string(17, '1'))), "49f3c5dca70ae181a36b424baddd01e830");
  EXPECT_EQ(encrypted_hex(as_bytes("1" + std::string(15, '\x0f') + "\x78\x90")),
            "cfdfdab66b2bf007795155f3ba18b65d07e0");
}

TEST(AesXts, decrypts_what_it_encrypts_at_all_sizes_also_in_place) {
  for (std::size_t size = kXtsBlock; size < 100; ++size) {
    Bytes bytes(size);
    random_bytes(bytes);
    const Bytes plain = bytes;
    aes128_xts_encrypt(counting_key(), counting_tweak(), bytes, bytes);
    EXPECT_NE(bytes, plain);
    aes128_xts_decrypt(counting_key(), counting_tweak(), bytes, bytes);
    EXPECT_EQ(bytes, plain) << size;
  }
}

TEST(AesXts, takes_the_largest_unit_and_refuses_what_is_out_of_bounds) {
  Bytes bytes(kXtsMaxUnit + 1);
  const auto encrypt = [&](std::size_t size) {
    const MutableByteView unit = MutableByteView(bytes).first(size);
    aes128_xts_encrypt(counting_key(), counting_tweak(), unit, unit);
  };
  EXPECT_NO_THROW(encrypt(kXtsMaxUnit));
  EXPECT_THROW(encrypt(kXtsMaxUnit + 1), UnsupportedError);
  EXPECT_THROW(encrypt(15), UnsupportedError);
  EXPECT_THROW(encrypt(0), UnsupportedError);
}

TEST(AesXts, refuses_keys_with_equal_halves) {
  Bytes out(16);
  EXPECT_THROW(aes128_xts_encrypt(XtsKey{}, counting_tweak(), Bytes(16), out), Error);
}

}  // namespace
}  // namespace accel::crypt
