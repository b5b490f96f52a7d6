#include "accel/crypt/keys.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "accel/base/error.hpp"
#include "accel/crypt/base64url.hpp"
#include "accel/crypt/jwk.hpp"
#include "accel/crypt/key_file.hpp"
#include "crypt/keys_fixture.hpp"

namespace accel::crypt {
namespace {

using ::testing::HasSubstr;

class KeyFiles : public KeysTest {
 protected:
  const std::string secret_ = "what is wrapped";

  std::map<std::string, std::string> wrap(const std::string& recipient) {
    return Recipients::load({recipient}).wrap(as_bytes(secret_));
  }
  std::string unwrap(const std::map<std::string, std::string>& annotations, const std::string& key) {
    return to_string(DecryptKeys::load({key}).unwrap(annotations));
  }
  template <class Work>
  static std::string config_error_of(Work work) {
    try {
      work();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(KeyFiles, of_all_encodings_are_read) {
  make_key("a");
  const auto wrapped = wrap("jwe:" + path("a.pub"));
  openssl({"pkey", "-in", path("a.pem"), "-outform", "DER", "-out", path("a.der")});
  openssl({"pkey", "-in", path("a.pub"), "-pubin", "-outform", "DER", "-out", path("a.pub.der")});
  openssl({"rsa", "-in", path("a.pem"), "-traditional", "-out", path("a.pkcs1")});
  for (const char* key : {"a.pem", "a.der", "a.pkcs1"}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(unwrap(wrapped, path(key)), secret_);
  }
  EXPECT_EQ(unwrap(wrap("jwe:" + path("a.pub.der")), path("a.pem")), secret_);
}

TEST_F(KeyFiles, of_all_curves_are_read) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    SCOPED_TRACE(curve);
    make_key(curve, curve);
    EXPECT_EQ(unwrap(wrap("jwe:" + path(std::string(curve) + ".pub")), path(std::string(curve) + ".pem")), secret_);
  }
}

TEST_F(KeyFiles, with_passwords_are_opened_in_every_way_to_give_one) {
  make_key("a");
  const auto wrapped = wrap("jwe:" + path("a.pub"));
  openssl({"pkcs8", "-topk8", "-in", path("a.pem"), "-passout", "pass:pa:ss", "-out", path("locked")});
  directory_.write("password", "pa:ss\n");
  EXPECT_EQ(unwrap(wrapped, path("locked") + ":pass=pa:ss"), secret_);
  EXPECT_EQ(unwrap(wrapped, path("locked") + ":pa:ss"), secret_);
  EXPECT_EQ(unwrap(wrapped, path("locked") + ":file=" + path("password")), secret_);
  const int fd = ::open(path("password").c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(unwrap(wrapped, path("locked") + ":fd=" + std::to_string(fd)), secret_);
  ::close(fd);
  EXPECT_THAT(config_error_of([&] { unwrap(wrapped, path("locked")); }), HasSubstr("locked needs a password"));
  const std::string wrong = config_error_of([&] { unwrap(wrapped, path("locked") + ":pass=gu3ss"); });
  EXPECT_THAT(wrong, HasSubstr("locked: the password is wrong"));
  EXPECT_THAT(wrong, ::testing::Not(HasSubstr("gu3ss")));
  EXPECT_THAT(config_error_of([&] { unwrap(wrapped, path("locked") + ":fd=x"); }), HasSubstr("fd="));
}

TEST_F(KeyFiles, that_hold_something_else_are_refused_by_name) {
  make_key("a");
  make_certificate("a");
  make_key("curve", "P-256");
  make_certificate("curve");
  directory_.write("text", "hello");
  const auto load = [](const std::string& recipient) { return [recipient] { Recipients::load({recipient}); }; };
  EXPECT_THAT(config_error_of(load("jwe:" + path("text"))), HasSubstr("is no public key"));
  EXPECT_THAT(config_error_of(load("jwe:" + path("a.pem"))), HasSubstr("is no public key"));
  EXPECT_THAT(config_error_of(load("pkcs7:" + path("a.pub"))), HasSubstr("is no certificate"));
  EXPECT_THAT(config_error_of(load("jwe:")), HasSubstr("malformed"));
  EXPECT_THAT(config_error_of(load("ssh:x")), HasSubstr("malformed"));
  EXPECT_THAT(config_error_of(load("x")), HasSubstr("malformed"));
  EXPECT_THAT(config_error_of([&] { wrap("pkcs7:" + path("curve.crt")); }), HasSubstr("RSA"));
  EXPECT_THAT(config_error_of([&] { DecryptKeys::load({path("text")}); }), HasSubstr("text holds no private key"));
  EXPECT_THAT(config_error_of([&] { DecryptKeys::load({":pass=x"}); }), HasSubstr("without a file"));
  EXPECT_THROW(Recipients::load({"jwe:" + path("absent")}), StoreError);
  EXPECT_THROW(DecryptKeys::load({path("absent")}), StoreError);
  EXPECT_THROW(Recipients::load({"pkcs11:x"}), UnsupportedError);
  EXPECT_THROW(DecryptKeys::load({"provider:x"}), UnsupportedError);
  EXPECT_THROW(static_cast<void>(Recipients().wrap({})), ConfigError);
}

TEST_F(KeyFiles, as_json_web_keys_are_read) {
  make_key("curve", "P-384");
  const PublicKeyFile file = load_public_key(path("curve.pub"));
  const std::string jwk = ec_public_jwk(file.key.get());
  directory_.write("curve.jwk", jwk);
  EXPECT_EQ(unwrap(wrap("jwe:" + path("curve.jwk")), path("curve.pem")), secret_);
  directory_.write("named.jwk", jwk.substr(0, jwk.size() - 1) + R"(,"alg":"ECDH-ES+A128KW"})");
  EXPECT_EQ(load_public_key(path("named.jwk")).algorithm, "ECDH-ES+A128KW");
  EXPECT_EQ(unwrap(wrap("jwe:" + path("named.jwk")), path("curve.pem")), secret_);
  directory_.write("odd.jwk", jwk.substr(0, jwk.size() - 1) + R"(,"alg":"dir"})");
  EXPECT_THROW(load_public_key(path("odd.jwk")), UnsupportedError);
  directory_.write("short.jwk", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})");
  EXPECT_THAT(config_error_of([&] { load_public_key(path("short.jwk")); }), HasSubstr("length of its curve"));
  // A point that is not on the curve.
  const std::string zeros = base64url_encode(Bytes(32, std::byte{1}));
  directory_.write("off.jwk", R"({"kty":"EC","crv":"P-256","x":")" + zeros + R"(","y":")" + zeros + "\"}");
  EXPECT_THAT(config_error_of([&] { load_public_key(path("off.jwk")); }), HasSubstr("make no EC key"));
  directory_.write("oct.jwk", R"({"kty":"oct","k":"AA"})");
  EXPECT_THROW(load_public_key(path("oct.jwk")), UnsupportedError);
}

class PgpKeys : public KeyFiles {
 protected:
  void SetUp() override {
    if (!testing::program_exists("gpg")) GTEST_SKIP() << "gpg is not installed (apt-get install gnupg)";
    home_ = path("gnupg");
    std::filesystem::create_directory(home_);
    std::filesystem::permissions(home_, std::filesystem::perms::owner_all);
    directory_.write("gnupg/gpg-agent.conf", "s2k-count 65536\n");  // else it measures for seconds what is secure
    ::setenv("GNUPGHOME", home_.c_str(), 1);
    gpg({"--passphrase", "", "--quick-gen-key", "Anna <anna@example.org>", "future-default", "default", "never"});
    gpg({"--passphrase", "gu3ss", "--quick-gen-key", "Bert <bert@example.org>", "future-default", "default", "never"});
    gpg({"--output", path("anna.gpg"), "--export-secret-keys", "anna@example.org"});
    gpg({"--armor", "--passphrase", "gu3ss", "--output", path("bert.asc"), "--export-secret-keys", "bert@example.org"});
  }
  void TearDown() override {
    if (home_.empty()) return;
    testing::run_program({"gpgconf", "--kill", "all"}, path("log"));
    ::unsetenv("GNUPGHOME");
  }

  void gpg(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"gpg", "--batch", "--no-tty", "--pinentry-mode", "loopback"});
    ASSERT_EQ(testing::run_program(arguments, path("log")), 0) << directory_.read("log");
  }

  std::string home_;
};

TEST_F(PgpKeys, of_the_ring_encrypt_and_exported_ones_decrypt) {
  const auto wrapped = Recipients::load({"pgp:anna@example.org", "pgp:Bert"}).wrap(as_bytes(secret_));
  EXPECT_EQ(unwrap(wrapped, path("anna.gpg")), secret_);
  EXPECT_EQ(unwrap(wrapped, path("bert.asc") + ":pass=gu3ss"), secret_);
  EXPECT_THAT(config_error_of([&] { unwrap(wrapped, path("bert.asc") + ":pass=wrong"); }),
              HasSubstr("none of the keys"));
  const auto for_bert = wrap("pgp:bert@example.org");
  EXPECT_THAT(config_error_of([&] { unwrap(for_bert, path("anna.gpg")); }), HasSubstr("wrapped for pgp"));
  EXPECT_THAT(config_error_of([&] { wrap("pgp:nobody@example.org"); }), HasSubstr("nobody@example.org"));
  EXPECT_THAT(config_error_of([&] { wrap("pgp:na@example.org"); }), HasSubstr("na@example.org"));
}

}  // namespace
}  // namespace accel::crypt
