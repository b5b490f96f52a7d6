#include "accel/crypt/jwe.hpp"

#include <gmock/gmock.h>

#include "accel/base/error.hpp"
#include "accel/crypt/base64url.hpp"
#include "accel/crypt/jwe_keys.hpp"
#include "accel/crypt/jwk.hpp"
#include "accel/crypt/key_file.hpp"
#include "crypt/keys_fixture.hpp"

namespace accel::crypt {
namespace {

Jwk jwk_of(const std::string& text) { return parse_jwk(json::parse(text, "test key").object()); }

// RFC 7518 appendix C.
constexpr const char* kAlice = R"({"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
  "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps","d":"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"})";
constexpr const char* kBob = R"({"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
  "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"})";

TEST(ConcatKdf, gives_the_key_of_the_standards_example) {
  const Jwk alice = jwk_of(kAlice);
  const Jwk bob = jwk_of(kBob);
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, alice.key.get(), nullptr));
  Bytes secret(32);
  std::size_t size = secret.size();
  ASSERT_EQ(EVP_PKEY_derive_init(context.get()), 1);
  ASSERT_EQ(EVP_PKEY_derive_set_peer(context.get(), bob.key.get()), 1);
  ASSERT_EQ(EVP_PKEY_derive(context.get(), out_octets(secret), &size), 1);
  EXPECT_EQ(base64url_encode(concat_kdf(secret, "A128GCM", as_bytes("Alice"), as_bytes("Bob"), 16)),
            "VqqN6vgjbSBcIijNcacQGg");
}

TEST(ConcatKdf, gives_more_than_one_digest) {
  const Bytes key = concat_kdf(as_bytes("z"), "x", {}, {}, 48);
  EXPECT_EQ(key.size(), 48U);
  EXPECT_NE(Bytes(key.begin(), key.begin() + 16), Bytes(key.begin() + 32, key.end()));
}

class JweTest : public KeysTest {
 protected:
  JweRecipient recipient(const std::string& name) {
    const PublicKeyFile file = load_public_key(path(name + ".pub"));
    return {file.key, file.algorithm};
  }
  std::shared_ptr<EVP_PKEY> key(const std::string& name) {
    return load_private_key(parse_key_file_name(path(name + ".pem"))).key;
  }
  static std::string with(const std::string& text, const std::string& member, const std::string& value) {
    const json::Object object = json::parse(text, "test").object();
    json::ObjectWriter writer;
    for (const auto& one : object.members()) writer.add(one.name, one.name == member ? json::quote(value) : one.raw);
    return writer.finish();
  }
  static std::string member(const std::string& text, const std::string& name) {
    return json::parse(text, "test").object().at(name).text();
  }
};

TEST_F(JweTest, one_recipient_gives_the_flattened_form_with_a_protected_algorithm) {
  make_key("a");
  const std::string text = jwe_encrypt(as_bytes("secret"), {recipient("a")});
  Bytes header;
  ASSERT_TRUE(base64url_decode(member(text, "protected"), header));
  EXPECT_EQ(as_text(header), R"({"alg":"RSA-OAEP","enc":"A256GCM"})");
  EXPECT_FALSE(json::parse(text, "test").object().contains("recipients"));
}

TEST_F(JweTest, several_recipients_give_the_general_form) {
  make_key("a");
  make_key("b", "P-256");
  const std::string text = jwe_encrypt(as_bytes("secret"), {recipient("a"), recipient("b")});
  EXPECT_EQ(json::parse(text, "test").object().at("recipients").elements().size(), 2U);
  EXPECT_FALSE(json::parse(text, "test").object().contains("encrypted_key"));
  for (const char* name : {"a", "b"}) EXPECT_EQ(to_string(*jwe_decrypt(text, key(name).get())), "secret");
}

TEST_F(JweTest, what_was_changed_is_not_decrypted) {
  make_key("a", "P-256");
  const auto a = key("a");
  const std::string text = jwe_encrypt(as_bytes("secret"), {recipient("a")});
  for (const char* name : {"ciphertext", "tag", "iv", "encrypted_key"}) {
    SCOPED_TRACE(name);
    std::string value = member(text, name);
    value[2] = value[2] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(jwe_decrypt(with(text, name, value), a.get()));
  }
  // The protected header is authenticated: the same JSON with a blank more is another.
  Bytes header;
  ASSERT_TRUE(base64url_decode(member(text, "protected"), header));
  EXPECT_FALSE(jwe_decrypt(with(text, "protected", base64url_encode(as_bytes(to_string(header) + " "))), a.get()));
}

TEST_F(JweTest, malformed_documents_are_refused) {
  make_key("a");
  const auto a = key("a");
  const std::string text = jwe_encrypt(as_bytes("secret"), {recipient("a")});
  for (const std::string& bad :
       {std::string("{}"), std::string("[]"), std::string("x"), with(text, "iv", "AAAA"), with(text, "tag", "AAAA"),
        with(text, "protected", "!"), with(text, "protected", base64url_encode(as_bytes("[]"))),
        with(text, "encrypted_key", "+")}) {
    EXPECT_THROW(jwe_decrypt(bad, a.get()), FormatError) << bad;
  }
  const auto header = [&](const std::string& json) {
    return with(text, "protected", base64url_encode(as_bytes(json)));
  };
  EXPECT_THROW(jwe_decrypt(header(R"({"alg":"RSA-OAEP","enc":"A128CBC-HS256"})"), a.get()), UnsupportedError);
  EXPECT_THROW(jwe_decrypt(header(R"({"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"})"), a.get()), UnsupportedError);
  EXPECT_THROW(jwe_decrypt(header(R"({"alg":"RSA-OAEP","enc":"A256GCM","crit":["x"]})"), a.get()), UnsupportedError);
  EXPECT_FALSE(jwe_decrypt(header(R"({"alg":"dir","enc":"A256GCM"})"), a.get()));
}

TEST_F(JweTest, ephemeral_keys_of_another_curve_or_off_it_are_refused) {
  make_key("a", "P-256");
  make_key("b", "P-384");
  const auto a = key("a");
  const std::string text = jwe_encrypt(as_bytes("secret"), {recipient("a")});
  const auto epk = [&](const std::string& json) {
    return with(text, "protected",
                base64url_encode(as_bytes(R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM","epk":)" + json + "}")));
  };
  EXPECT_FALSE(jwe_decrypt(epk(ec_public_jwk(key("b").get())), a.get()));
  const std::string ones = base64url_encode(Bytes(32, std::byte{1}));
  EXPECT_THROW(jwe_decrypt(epk(R"({"kty":"EC","crv":"P-256","x":")" + ones + R"(","y":")" + ones + "\"}"), a.get()),
               FormatError);
  EXPECT_THROW(jwe_decrypt(epk("7"), a.get()), FormatError);
  EXPECT_THROW(
      jwe_decrypt(with(text, "protected", base64url_encode(as_bytes(R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM"})"))),
                  a.get()),
      FormatError);
}

}  // namespace
}  // namespace accel::crypt
