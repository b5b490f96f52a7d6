#include "accel/hash/hmac.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::hash {
namespace {

struct Vector {
  const char* name;
  HmacAlgorithm algorithm;
  std::string key, data;
  const char* code;
};

class HmacVectors : public ::testing::TestWithParam<Vector> {};

TEST_P(HmacVectors, give_the_published_code) {
  const auto& vector = GetParam();
  EXPECT_EQ(hex_encode(hmac(vector.algorithm, as_bytes(vector.key), as_bytes(vector.data))), vector.code);
}

// RFC 2202 section 3 (SHA-1), RFC 4231 section 4 (SHA-256).
INSTANTIATE_TEST_SUITE_P(
    Rfc, HmacVectors,
    ::testing::Values(Vector{"sha1_case_1", HmacAlgorithm::sha1, std::string(20, '\x0b'), "Hi There",
                             "b617318655057264e28bc0b6fb378c8ef146be00"},
                      Vector{"sha1_case_2", HmacAlgorithm::sha1, "Jefe", "what do ya want for nothing?",
                             "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
                      Vector{"sha1_long_key", HmacAlgorithm::sha1, std::string(80, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First",
                             "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
                      Vector{"sha256_case_1", HmacAlgorithm::sha256, std::string(20, '\x0b'), "Hi There",
                             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
                      Vector{"sha256_case_2", HmacAlgorithm::sha256, "Jefe", "what do ya want for nothing?",
                             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
                      Vector{"sha256_empty_key_and_data", HmacAlgorithm::sha256, "", "",
                             "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Hmac, takes_the_data_in_pieces) {
  Hmac code(HmacAlgorithm::sha256, as_bytes("Jefe"));
  for (const char* piece : {"what do ya ", "", "want for nothing?"}) code.update(as_bytes(piece));
  EXPECT_EQ(hex_encode(code.finish()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(EqualConstantTime, compares_content_and_size) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace accel::hash
