#include "accel/crypt/pkcs7.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/crypt/key_file.hpp"
#include "crypt/keys_fixture.hpp"
#include "support/blob_content.hpp"

namespace accel::crypt {
namespace {

class Pkcs7Test : public KeysTest {
 protected:
  std::shared_ptr<EVP_PKEY> key(const std::string& name) {
    return load_private_key(parse_key_file_name(path(name + ".pem"))).key;
  }
};

TEST_F(Pkcs7Test, what_openssl_writes_is_read) {
  make_key("a");
  make_certificate("a");
  directory_.write("plain", "the secret");
  for (const char* cipher : {"-aes128", "-aes256"}) {
    openssl({"smime", "-encrypt", "-binary", cipher, "-in", path("plain"), "-outform", "DER", "-out", path("packet"),
             path("a.crt")});
    const Bytes packet = read_key_file(path("packet"));
    EXPECT_EQ(to_string(*pkcs7_decrypt(packet, key("a").get())), "the secret") << cipher;
  }
  openssl({"smime", "-encrypt", "-binary", "-des3", "-in", path("plain"), "-outform", "DER", "-out", path("packet"),
           path("a.crt")});
  EXPECT_THROW(pkcs7_decrypt(read_key_file(path("packet")), key("a").get()), UnsupportedError);
}

TEST_F(Pkcs7Test, changed_packets_give_nothing_or_are_refused) {
  make_key("a");
  make_certificate("a");
  const Bytes packet = pkcs7_encrypt(as_bytes("the secret"), {load_certificate(path("a.crt"))});
  const auto a = key("a");
  ASSERT_EQ(to_string(*pkcs7_decrypt(packet, a.get())), "the secret");
  std::size_t opened = 0;
  for (std::size_t at = 0; at < packet.size(); ++at) {
    Bytes changed = packet;
    changed[at] ^= std::byte{0x10};
    try {
      const auto plaintext = pkcs7_decrypt(changed, a.get());
      // Names of issuers and numbers are not authenticated; the content is.
      if (plaintext) {
        ++opened;
        EXPECT_EQ(to_string(*plaintext), "the secret") << at;
      }
    } catch (const FormatError&) {
    } catch (const UnsupportedError&) {
    }
  }
  EXPECT_LT(opened, packet.size() / 2);
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_THROW(pkcs7_decrypt(ByteView(packet).first(size), a.get()), FormatError) << size;
  }
}

TEST_F(Pkcs7Test, parameters_are_read_in_every_form_they_are_written_in) {
  make_key("a");
  make_certificate("a");
  const auto a = key("a");
  const Bytes packet = pkcs7_encrypt(as_bytes("the secret"), {load_certificate(path("a.crt"))});
  const std::string text = to_string(packet);
  const std::string outer("\x30\x13\x30\x11\x84\x0c", 6);
  const std::size_t at = text.find(outer);
  ASSERT_NE(at, std::string::npos);
  Bytes primitive = packet;  // as the library of ocicrypt writes it
  primitive[at] = std::byte{0x10};
  EXPECT_EQ(to_string(*pkcs7_decrypt(primitive, a.get())), "the secret");
  Bytes octet_string = primitive;  // as the standard has it
  octet_string[at + 4] = std::byte{0x04};
  EXPECT_EQ(to_string(*pkcs7_decrypt(octet_string, a.get())), "the secret");
  primitive[at + 1] = std::byte{0x12};
  EXPECT_THROW(pkcs7_decrypt(primitive, a.get()), FormatError);
}

TEST_F(Pkcs7Test, other_types_of_keys_open_nothing) {
  make_key("a");
  make_certificate("a");
  make_key("curve", "P-256");
  const Bytes packet = pkcs7_encrypt(as_bytes("the secret"), {load_certificate(path("a.crt"))});
  EXPECT_FALSE(pkcs7_decrypt(packet, key("curve").get()));
}

}  // namespace
}  // namespace accel::crypt
