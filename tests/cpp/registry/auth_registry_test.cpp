// Basic and Bearer authorisation as docker-registry itself wants it.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/registry/client.hpp"
#include "support/blob_content.hpp"
#include "support/certificates.hpp"
#include "support/docker_registry.hpp"
#include "support/http_server.hpp"
#include "support/temp_directory.hpp"

namespace accel::registry {
namespace {

using testing::DockerRegistry;
using testing::HttpReply;
using testing::HttpRequest;

std::string basic(const std::string& pair) { return base64_encode(as_bytes(pair)); }

std::string base64_url(ByteView bytes) {
  std::string text = base64_encode(bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text.substr(0, text.find('='));
}

/// Signs tokens as docker-registry's `auth: token` wants them: RS256, with the certificate in the header.
class TokenSigner {
 public:
  explicit TokenSigner(const testing::CertificateAuthority::Issued& issued) {
    const std::unique_ptr<FILE, int (*)(FILE*)> key_file(std::fopen(issued.key.c_str(), "r"), &std::fclose);
    key_.reset(PEM_read_PrivateKey(key_file.get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<FILE, int (*)(FILE*)> certificate_file(std::fopen(issued.certificate.c_str(), "r"),
                                                                 &std::fclose);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_X509(certificate_file.get(), nullptr, nullptr, nullptr), &X509_free);
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    certificate_ = base64_encode({reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
  }

  /// `access` is the JSON array of what the token allows.
  [[nodiscard]] std::string sign(const std::string& access) const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const std::string header = R"({"typ":"JWT","alg":"RS256","x5c":[")" + certificate_ + "\"]}";
    const std::string claims = R"({"iss":"test","sub":"user","aud":"registry","jti":"1","nbf":)" +
                               std::to_string(now - 5) + ",\"iat\":" + std::to_string(now) +
                               ",\"exp\":" + std::to_string(now + 300) + ",\"access\":" + access + "}";
    const std::string text = base64_url(as_bytes(header)) + "." + base64_url(as_bytes(claims));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSign(context.get(), nullptr, &size, data, text.size());
    Bytes signature(size);
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data, text.size());
    return text + "." + base64_url(signature);
  }

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  std::unique_ptr<EVP_PKEY, FreeKey> key_;
  std::string certificate_;
};

class AuthRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!DockerRegistry::available()) GTEST_SKIP() << DockerRegistry::kMissing;
    options_.docker_config_dir = directory_.path().string();
    options_.upload_chunk_bytes = 1U << 20U;
    options_.max_attempts = 2;
    options_.backoff_base = std::chrono::milliseconds(1);
  }

  std::shared_ptr<oci::Repository> open(const std::string& name) {
    return Client(options_).repository(oci::Reference::parse(registry_->host() + "/" + name));
  }

  static oci::Descriptor push(oci::Repository& repository, std::size_t size, unsigned seed) {
    const Bytes content = testing::make_content(size, seed);
    const auto blob = testing::describe_blob(content);
    auto writer = repository.create_blob(0, {});
    writer->write(content);
    writer->commit(blob.digest, blob.size);
    return blob;
  }

  testing::TempDirectory directory_;
  std::unique_ptr<DockerRegistry> registry_;
  Options options_;
};

TEST_F(AuthRegistryTest, basic_authorisation_by_htpasswd) {
  if (!testing::program_exists("htpasswd")) GTEST_SKIP() << "htpasswd is not installed (apt-get install apache2-utils)";
  const std::string file = (directory_ / "htpasswd").string();
  ASSERT_EQ(testing::run_program({"htpasswd", "-Bbc", file, "user", "p:a:ss"}, (directory_ / "log").string()), 0);
  DockerRegistry::Setup setup;
  setup.auth = "  htpasswd: {realm: test, path: " + file + "}";
  registry_ = std::make_unique<DockerRegistry>(setup);
  EXPECT_THROW(open("app")->stat_manifest("v1", {}), Unauthorized);
  options_.hosts[registry_->host()].auth = basic("user:wrong");
  EXPECT_THROW(open("app")->stat_manifest("v1", {}), Unauthorized);
  options_.hosts[registry_->host()].auth = basic("user:p:a:ss");
  const auto repository = open("app");
  const auto blob = push(*repository, 2'500'000, 1);
  EXPECT_EQ(testing::read_to_end(*repository->open_blob(blob, {})).size(), blob.size);
  const auto report = Client(options_).diagnose(registry_->host(), {});
  ASSERT_EQ(report.steps.size(), 6U);
  EXPECT_EQ(report.steps[4].detail, "basic, logged in");
}

class TokenRegistryTest : public AuthRegistryTest {
 protected:
  void SetUp() override {
    AuthRegistryTest::SetUp();
    if (IsSkipped()) return;
    if (!testing::CertificateAuthority::available()) GTEST_SKIP() << testing::CertificateAuthority::kMissing;
    testing::CertificateAuthority authority(directory_.path());
    signer_ = std::make_unique<TokenSigner>(authority.issue("signer", "DNS:token.test", "rsa"));
    server_ = std::make_unique<testing::HttpServer>([this](const HttpRequest& request) { return grant(request); });
    DockerRegistry::Setup setup;
    setup.auth = "  token: {realm: \"" + server_->url("/token") +
                 "\", service: registry, issuer: test, rootcertbundle: " + authority.certificate() + "}";
    registry_ = std::make_unique<DockerRegistry>(setup);
  }

  /// Everybody may pull; the user may push too, but not into "closed".
  HttpReply grant(const HttpRequest& request) {
    const std::string authorization = request.header("authorization");
    const bool user = authorization == "Basic " + basic("user:p:ss");
    if (!authorization.empty() && !user) return {401, {}, R"({"details":"incorrect username or password"})"};
    std::string access;
    std::istringstream parts(request.target.substr(request.target.find('?') + 1));
    for (std::string part; std::getline(parts, part, '&');) {
      if (!part.starts_with("scope=")) continue;
      HttpRequest one{"GET", "/?" + part, {}, "", 0};
      const std::string scope = one.query("scope");
      const auto first = scope.find(':');
      const auto last = scope.rfind(':');
      const std::string name = scope.substr(first + 1, last - first - 1);
      const bool push = user && name != "closed" && scope.find("push", last) != std::string::npos;
      access += std::string(access.empty() ? "" : ",") + R"({"type":"repository","name":")" + name +
                R"(","actions":["pull")" + (push ? R"(,"push")" : "") + "]}";
    }
    return {200, {}, R"({"token":")" + signer_->sign("[" + access + "]") + R"(","expires_in":300})"};
  }

  std::unique_ptr<TokenSigner> signer_;
  std::unique_ptr<testing::HttpServer> server_;
};

TEST_F(TokenRegistryTest, anonymous_may_read_and_not_write) {
  const auto repository = open("app");
  EXPECT_EQ(repository->stat_manifest("v1", {}), std::nullopt);
  EXPECT_FALSE(repository->has_blob(testing::describe_blob(testing::make_content(10, 1)), {}));
  EXPECT_THROW(push(*repository, 10, 1), Unauthorized);
}

TEST_F(TokenRegistryTest, a_user_writes_reads_and_mounts) {
  options_.hosts[registry_->host()].auth = basic("user:p:ss");
  const auto repository = open("app");
  const auto blob = push(*repository, 2'500'000, 2);
  EXPECT_EQ(testing::read_to_end(*repository->open_blob(blob, {})).size(), blob.size);
  const auto other = open("other");
  EXPECT_TRUE(other->mount_blob(blob, *repository, {}));
  EXPECT_TRUE(other->has_blob(blob, {}));
}

TEST_F(TokenRegistryTest, a_repository_that_is_closed_to_the_user_says_which_right_is_missing) {
  options_.hosts[registry_->host()].auth = basic("user:p:ss");
  try {
    push(*open("closed"), 10, 3);
    FAIL();
  } catch (const Unauthorized& error) {
    EXPECT_NE(std::string(error.what()).find("for scope repository:closed:pull,push"), std::string::npos)
        << error.what();
  }
}

TEST_F(TokenRegistryTest, a_wrong_password_is_the_token_servers_refusal) {
  options_.hosts[registry_->host()].auth = basic("user:secret-typo");
  try {
    open("app")->stat_manifest("v1", {});
    FAIL();
  } catch (const Unauthorized& error) {
    EXPECT_NE(std::string(error.what()).find("incorrect username or password"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("secret-typo"), std::string::npos);
  }
}

TEST_F(TokenRegistryTest, the_doctor_names_the_kind_of_login) {
  const auto report = Client(options_).diagnose(registry_->host(), {});
  ASSERT_EQ(report.steps.size(), 6U) << report.steps.back().detail;
  EXPECT_EQ(report.steps[4].detail, "bearer, anonymous");
}

}  // namespace
}  // namespace accel::registry
