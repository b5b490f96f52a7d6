#include "accel/hash/hasher.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace accel::hash {
namespace {

struct Vector {
  Algorithm algorithm;
  std::string text;
  std::string hex;
};

/// FIPS 180-4 examples.
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> list = {
      {Algorithm::sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {Algorithm::sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {Algorithm::sha256, std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      {Algorithm::sha512, "abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {Algorithm::sha512, "",
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
       "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
  };
  return list;
}

TEST(HasherTest, known_answers) {
  for (const Vector& vector : vectors()) {
    Hasher hasher(vector.algorithm);
    hasher.update(as_bytes(vector.text));
    EXPECT_EQ(hasher.length(), vector.text.size());
    EXPECT_EQ(hasher.finish().hex(), vector.hex);
  }
}

TEST(HasherTest, pieces_give_the_digest_of_the_whole) {
  for (const Vector& vector : vectors()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{4097}}) {
      Hasher hasher(vector.algorithm);
      ByteView rest = as_bytes(vector.text);
      while (!rest.empty()) {
        const std::size_t count = std::min(piece, rest.size());
        hasher.update(rest.first(count));
        rest = rest.subspan(count);
      }
      EXPECT_EQ(hasher.finish().hex(), vector.hex);
    }
  }
}

TEST(HasherTest, hasher_starts_anew_after_finish) {
  for (const Vector& vector : vectors()) {
    Hasher hasher(vector.algorithm);
    hasher.update(as_bytes("something else"));
    static_cast<void>(hasher.finish());
    EXPECT_EQ(hasher.length(), 0U);
    hasher.update(as_bytes(vector.text));
    EXPECT_EQ(hasher.finish().hex(), vector.hex);
  }
}

TEST(HasherTest, moved_hasher_goes_on) {
  Hasher first;
  first.update(as_bytes("a"));
  Hasher second = std::move(first);
  second.update(as_bytes("bc"));
  EXPECT_EQ(second.length(), 3U);
  EXPECT_EQ(second.finish(), sha256(as_bytes("abc")));
}

TEST(HasherTest, one_shot_is_independent_between_calls_and_threads) {
  std::vector<std::thread> threads;
  std::vector<int> failures(4, 0);
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([t, &failures] {
      for (int i = 0; i < 500; ++i) {
        for (const Vector& vector : vectors()) {
          if (vector.algorithm != Algorithm::sha256 || vector.text.size() > 1000) continue;
          if (sha256(as_bytes(vector.text)).hex() != vector.hex) ++failures[t];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(4, 0));
}

TEST(Hasher, copy_goes_on_from_the_same_bytes_and_leaves_the_original_alone) {
  for (const Algorithm algorithm : {Algorithm::sha256, Algorithm::sha512}) {
    Hasher hasher(algorithm), whole(algorithm);
    hasher.update(as_bytes("abc"));
    Hasher copy = hasher.copy();
    EXPECT_EQ(copy.length(), 3U);
    copy.update(as_bytes("def"));
    whole.update(as_bytes("abcdef"));
    EXPECT_EQ(copy.finish(), whole.finish());
    whole.update(as_bytes("abc"));
    EXPECT_EQ(hasher.finish(), whole.finish());
  }
}

}  // namespace
}  // namespace accel::hash
