#include "accel/crypt/ocicrypt.hpp"

#include <gmock/gmock.h>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"
#include "crypt/keys_fixture.hpp"
#include "support/blob_content.hpp"
#include "support/chunked_stream.hpp"

namespace accel::crypt {
namespace {

struct Encrypted {
  Bytes ciphertext;
  Annotations annotations;
};

Encrypted encrypt(const Bytes& plaintext, const std::vector<std::string>& recipients) {
  io::MemorySink sink;
  LayerEncryptor encryptor(sink);
  for (std::size_t done = 0; done < plaintext.size(); done += 100'001) {
    encryptor.write(ByteView(plaintext).subspan(done, std::min<std::size_t>(100'001, plaintext.size() - done)));
  }
  Encrypted result;
  result.annotations = encryptor.finish(Recipients::load(recipients));
  result.ciphertext = to_bytes(sink.view());
  return result;
}

Bytes decrypt(const Encrypted& layer, const std::vector<std::string>& keys, std::size_t piece = 100'000) {
  io::MemoryStream stream{ByteView(layer.ciphertext)};
  const LayerKey key = LayerKey::unwrap(layer.annotations, DecryptKeys::load(keys));
  const auto plaintext = key.decrypt(stream);
  return testing::read_to_end(*plaintext, piece);
}

class OcicryptTest : public KeysTest {
 protected:
  const Bytes content_ = testing::make_content(1'000'000, 1);
};

TEST_F(OcicryptTest, layers_of_all_sizes_come_back) {
  make_key("a");
  for (const std::size_t size : {0U, 1U, 15U, 16U, 65'535U, 65'536U, 65'537U, 131'072U, 500'000U}) {
    SCOPED_TRACE(size);
    const Bytes content = testing::make_content(size, 3);
    const Encrypted layer = encrypt(content, {"jwe:" + path("a.pub")});
    EXPECT_EQ(layer.ciphertext.size(), size);
    EXPECT_EQ(decrypt(layer, {path("a.pem")}, 777), content);
  }
}

TEST_F(OcicryptTest, same_layer_never_gives_the_same_bytes) {
  make_key("a");
  const Encrypted one = encrypt(content_, {"jwe:" + path("a.pub")});
  const Encrypted two = encrypt(content_, {"jwe:" + path("a.pub")});
  EXPECT_NE(one.ciphertext, two.ciphertext);
  EXPECT_NE(one.ciphertext, content_);
}

TEST_F(OcicryptTest, every_recipient_of_every_scheme_can_read) {
  make_key("rsa1");
  make_key("rsa2");
  make_key("ec256", "P-256");
  make_key("ec521", "P-521");
  make_key("x1");
  make_key("x2");
  make_certificate("x1");
  make_certificate("x2");
  const Encrypted layer =
      encrypt(content_, {"jwe:" + path("rsa1.pub"), "jwe:" + path("ec256.pub"), "pkcs7:" + path("x1.crt"),
                         "jwe:" + path("rsa2.pub"), "jwe:" + path("ec521.pub"), "pkcs7:" + path("x2.crt")});
  EXPECT_EQ(layer.annotations.size(), 3U);
  for (const char* key : {"rsa1", "rsa2", "ec256", "ec521", "x1", "x2"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(decrypt(layer, {path(std::string(key) + ".pem")}), content_);
  }
  // Keys of nobody beside the right one, and certificates, do no harm.
  make_key("stranger");
  make_key("stranger_ec", "P-384");
  EXPECT_EQ(decrypt(layer, {path("stranger.pem"), path("stranger_ec.pem"), path("x1.crt"), path("x2.pem")}), content_);
}

TEST_F(OcicryptTest, wrong_key_is_refused_and_says_what_it_is_wrapped_for) {
  make_key("a");
  make_certificate("a");
  make_key("stranger");
  const Encrypted layer = encrypt(content_, {"jwe:" + path("a.pub"), "pkcs7:" + path("a.crt")});
  for (const std::vector<std::string>& keys : {std::vector<std::string>{}, {path("stranger.pem")}}) {
    try {
      decrypt(layer, keys);
      FAIL() << "decrypted";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("wrapped for jwe, pkcs7"));
    }
  }
}

TEST_F(OcicryptTest, changed_bytes_never_come_to_a_clean_end) {
  make_key("a");
  const Encrypted layer = encrypt(content_, {"jwe:" + path("a.pub")});
  for (const std::size_t at : {std::size_t{0}, std::size_t{500'000}, content_.size() - 1}) {
    Encrypted changed = layer;
    changed.ciphertext[at] ^= std::byte{1};
    EXPECT_THROW(decrypt(changed, {path("a.pem")}), DigestMismatch);
  }
  Encrypted shorter = layer;
  shorter.ciphertext.pop_back();
  EXPECT_THROW(decrypt(shorter, {path("a.pem")}), DigestMismatch);
  Encrypted empty = layer;
  empty.ciphertext.clear();
  EXPECT_THROW(decrypt(empty, {path("a.pem")}), DigestMismatch);
}

TEST_F(OcicryptTest, last_block_is_only_given_when_the_hmac_is_right) {
  make_key("a");
  Encrypted layer = encrypt(content_, {"jwe:" + path("a.pub")});
  layer.ciphertext.back() ^= std::byte{1};
  io::MemoryStream stream{ByteView(layer.ciphertext)};
  const LayerKey key = LayerKey::unwrap(layer.annotations, DecryptKeys::load({path("a.pem")}));
  const auto plaintext = key.decrypt(stream);
  Bytes block(10'000);
  std::size_t given = 0;
  EXPECT_THROW(
      {
        while (const std::size_t count = plaintext->read(block)) given += count;
      },
      DigestMismatch);
  EXPECT_LT(given, content_.size());
  EXPECT_THROW(plaintext->read(block), DigestMismatch);  // and again
}

TEST_F(OcicryptTest, bad_annotations_are_refused) {
  make_key("a");
  const Encrypted layer = encrypt(content_, {"jwe:" + path("a.pub")});
  const std::string keys = "org.opencontainers.image.enc.keys.jwe";
  const std::string open = "org.opencontainers.image.enc.pubopts";
  const auto with = [&](const std::string& name, const std::string& value) {
    Encrypted changed = layer;
    changed.annotations[name] = value;
    return changed;
  };
  const auto base64 = [](const std::string& text) { return base64_encode(as_bytes(text)); };
  const std::vector<std::string> key = {path("a.pem")};
  EXPECT_THROW(decrypt(with(open, "%"), key), FormatError);
  EXPECT_THROW(decrypt(with(open, base64("{}")), key), FormatError);
  EXPECT_THROW(decrypt(with(open, base64(R"({"cipher":"AES_256_CTR_HMAC_SHA256","hmac":""})")), key), FormatError);
  EXPECT_THROW(decrypt(with(open, base64(R"({"cipher":"ROT13","hmac":""})")), key), UnsupportedError);
  EXPECT_THROW(decrypt(with(keys, "%"), key), FormatError);
  EXPECT_THROW(decrypt(with(keys, base64("no JSON")), key), FormatError);
  EXPECT_THROW(decrypt(with(keys, ""), key), ConfigError);
  Encrypted none = layer;
  none.annotations.erase(keys);
  EXPECT_THROW(decrypt(none, key), FormatError);
  none.annotations["org.opencontainers.image.enc.keys.provider.x"] = "e30=";
  EXPECT_THROW(decrypt(none, key), UnsupportedError);
}

TEST_F(OcicryptTest, packets_of_others_in_the_same_annotation_are_passed_over) {
  make_key("a");
  make_key("b");
  const std::string keys = "org.opencontainers.image.enc.keys.jwe";
  Encrypted layer = encrypt(content_, {"jwe:" + path("a.pub")});
  const Encrypted other = encrypt(content_, {"jwe:" + path("b.pub")});
  layer.annotations[keys] = other.annotations.at(keys) + "," + layer.annotations.at(keys);
  EXPECT_EQ(decrypt(layer, {path("a.pem")}), content_);
}

TEST(MediaTypes, get_and_lose_their_suffix_once) {
  const std::string plain = "application/vnd.oci.image.layer.v1.tar+gzip";
  EXPECT_FALSE(is_encrypted(plain));
  EXPECT_EQ(encrypted_media_type(plain), plain + "+encrypted");
  EXPECT_EQ(encrypted_media_type(plain + "+encrypted"), plain + "+encrypted");
  EXPECT_TRUE(is_encrypted(plain + "+encrypted"));
  EXPECT_EQ(plain_media_type(plain + "+encrypted"), plain);
  EXPECT_EQ(plain_media_type(plain), plain);
}

TEST(PlainAnnotations, keep_what_is_not_of_encryption) {
  EXPECT_EQ(plain_annotations({{"a", "1"},
                               {"org.opencontainers.image.enc.keys.jwe", "x"},
                               {"org.opencontainers.image.enc.pubopts", "y"},
                               {"org.opencontainers.image.encoding", "z"}}),
            (Annotations{{"a", "1"}, {"org.opencontainers.image.encoding", "z"}}));
}

}  // namespace
}  // namespace accel::crypt
