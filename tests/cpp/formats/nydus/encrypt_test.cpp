#include "accel/formats/nydus/encrypt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"

namespace accel::formats::nydus {
namespace {

BlobKey counting_key() {
  BlobKey key;
  for (std::size_t i = 0; i < key.key.size(); ++i) key.key[i] = static_cast<std::byte>(i);
  for (std::size_t i = 0; i < key.iv.size(); ++i) key.iv[i] = static_cast<std::byte>(i);
  return key;
}

/// nydus-blob.md 18.
TEST(Encrypt, agrees_with_the_vectors_of_the_specification) {
  Buffer out;
  encrypt_item(counting_key(), as_bytes("1"), out);
  EXPECT_EQ(hex_encode(out.view()), "cfdfdab66b2bf007795155f3ba18b65d07e0");
  out.clear();
  encrypt_item(counting_key(), as_bytes(std::string(17, '1')), out);
  EXPECT_EQ(hex_encode(out.view()), "49f3c5dca70ae181a36b424baddd01e830");
}

TEST(Encrypt, items_of_every_size_come_back_and_are_appended) {
  Buffer encrypted;
  Buffer decrypted;
  std::string all;
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string item(size, static_cast<char>('a' + size % 26));
    const std::size_t begin = encrypted.size();
    encrypt_item(counting_key(), as_bytes(item), encrypted);
    EXPECT_EQ(encrypted.size() - begin, encrypted_size(size));
    decrypt_item(counting_key(), encrypted.view().subspan(begin), decrypted);
    all += item;
    EXPECT_EQ(as_text(decrypted.view()), all);
  }
}

TEST(Encrypt, padding_beyond_a_block_is_no_padding) {
  const std::string item = std::string(15, 'x') + "\x11\x78\x90";
  Buffer encrypted;
  Buffer decrypted;
  encrypt_item(counting_key(), as_bytes(item), encrypted);
  decrypt_item(counting_key(), encrypted.view(), decrypted);
  EXPECT_EQ(as_text(decrypted.view()), item);
}

TEST(Encrypt, keys_are_random_and_their_halves_differ) {
  const BlobKey first = make_blob_key();
  const BlobKey second = make_blob_key();
  EXPECT_NE(first.key, second.key);
  EXPECT_NE(first.iv, second.iv);
  EXPECT_FALSE(std::equal(first.key.begin(), first.key.begin() + 16, first.key.begin() + 16));
}

TEST(Encrypt, items_beyond_the_bound_of_the_standard_are_refused) {
  Buffer out;
  EXPECT_THROW(encrypt_item(counting_key(), Bytes((std::size_t{1} << 24U) + 1), out), UnsupportedError);
}

}  // namespace
}  // namespace accel::formats::nydus
