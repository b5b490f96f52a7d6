// TLS against docker-registry with certificates of our own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "accel/base/error.hpp"
#include "accel/registry/client.hpp"
#include "support/blob_content.hpp"
#include "support/certificates.hpp"
#include "support/docker_registry.hpp"
#include "support/http_server.hpp"
#include "support/tcp_relay.hpp"
#include "support/temp_directory.hpp"

namespace accel::registry {
namespace {

using testing::DockerRegistry;

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!DockerRegistry::available()) GTEST_SKIP() << DockerRegistry::kMissing;
    if (!testing::CertificateAuthority::available()) GTEST_SKIP() << testing::CertificateAuthority::kMissing;
    authority_ = std::make_unique<testing::CertificateAuthority>(directory_.path());
    options_.docker_config_dir = directory_.path().string();
    options_.max_attempts = 2;
    options_.backoff_base = std::chrono::milliseconds(1);
  }

  void TearDown() override {
    for (const char* name : {"HTTPS_PROXY", "NO_PROXY"}) ::unsetenv(name);
  }

  /// A registry with a certificate for `subject_alt_name`.
  void start(const std::string& subject_alt_name, const std::string& client_ca = {}) {
    const auto issued = authority_->issue("server", subject_alt_name);
    DockerRegistry::Setup setup;
    setup.tls_certificate = issued.certificate;
    setup.tls_key = issued.key;
    setup.client_ca = client_ca;
    registry_ = std::make_unique<DockerRegistry>(setup);
  }

  /// Sends a blob and reads it back.
  void round_trip(const std::string& host) {
    Client client(options_);
    const auto repository = client.repository(oci::Reference::parse(host + "/app"));
    const Bytes content = testing::make_content(3'000'000, 1);
    const auto blob = testing::describe_blob(content);
    auto writer = repository->create_blob(0, {});
    writer->write(content);
    writer->commit(blob.digest, blob.size);
    EXPECT_EQ(testing::read_to_end(*repository->open_blob(blob, {})), content);
  }

  TlsError handshake_error(const std::string& host) {
    Client client(options_);
    try {
      client.repository(oci::Reference::parse(host + "/app"))->stat_manifest("v1", {});
    } catch (const TlsError& error) {
      return error;
    }
    throw std::logic_error("the handshake succeeded");
  }

  testing::TempDirectory directory_;
  std::unique_ptr<testing::CertificateAuthority> authority_;
  std::unique_ptr<DockerRegistry> registry_;
  Options options_;
};

TEST_F(TlsTest, a_certificate_of_the_given_authority_is_accepted) {
  start("IP:127.0.0.1,DNS:localhost");
  for (const std::string& host : {registry_->host(), "localhost:" + std::to_string(registry_->port())}) {
    options_.hosts[host].ca_file = authority_->certificate();
    round_trip(host);
  }
}

TEST_F(TlsTest, an_unknown_authority_is_refused_with_the_remedy_and_never_replaced_by_http) {
  start("IP:127.0.0.1");
  const auto error = handshake_error(registry_->host());
  EXPECT_NE(std::string(error.what()).find("unable to get local issuer certificate"), std::string::npos)
      << error.what();
  EXPECT_NE(error.hint().find("ca_file"), std::string::npos);
  EXPECT_FALSE(error.retryable());
  EXPECT_EQ(registry_->log().find("client sent an HTTP request to an HTTPS server"), std::string::npos);
}

TEST_F(TlsTest, insecure_accepts_any_certificate) {
  start("DNS:elsewhere.test");
  options_.hosts[registry_->host()].insecure = true;
  round_trip(registry_->host());
}

TEST_F(TlsTest, a_certificate_for_another_name_is_refused) {
  start("DNS:elsewhere.test,IP:127.0.0.2");
  options_.hosts[registry_->host()].ca_file = authority_->certificate();
  const auto by_address = handshake_error(registry_->host());
  EXPECT_NE(std::string(by_address.what()).find("IP address mismatch"), std::string::npos) << by_address.what();
  const std::string name = "localhost:" + std::to_string(registry_->port());
  options_.hosts[name].ca_file = authority_->certificate();
  const auto by_name = handshake_error(name);
  EXPECT_NE(std::string(by_name.what()).find("hostname mismatch"), std::string::npos) << by_name.what();
}

TEST_F(TlsTest, a_client_certificate_is_shown_when_it_is_asked_for) {
  testing::CertificateAuthority clients(directory_.path(), "clients");
  const auto issued = clients.issue("client", "DNS:client.test");
  start("IP:127.0.0.1", clients.certificate());
  HostOptions& host = options_.hosts[registry_->host()];
  host.ca_file = authority_->certificate();
  EXPECT_THROW(round_trip(registry_->host()), RegistryError);
  host.client_cert = issued.certificate;
  host.client_key = issued.key;
  round_trip(registry_->host());
}

TEST_F(TlsTest, unreadable_certificate_files_are_configuration_errors_that_name_them) {
  start("IP:127.0.0.1");
  const std::string rubbish = directory_.write("rubbish.pem", "no certificate").string();
  for (const std::string& file : {rubbish, (directory_ / "missing.pem").string()}) {
    for (int member = 0; member < 3; ++member) {
      HostOptions host;
      if (member == 0) host.ca_file = file;
      if (member == 1) host.client_cert = file;
      if (member == 2) {
        host.client_cert = authority_->certificate();
        host.client_key = file;
      }
      options_.hosts[registry_->host()] = host;
      try {
        round_trip(registry_->host());
        FAIL() << file << " " << member;
      } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
      }
    }
  }
}

TEST_F(TlsTest, plain_http_is_found_out_on_this_machine_only_when_the_setting_leaves_it_open) {
  DockerRegistry plain;
  round_trip(plain.host());
  options_.hosts[plain.host()].plain_http = true;
  round_trip(plain.host());
  options_.hosts[plain.host()].plain_http = false;
  const auto error = handshake_error(plain.host());
  EXPECT_EQ(error.fields().code, "NOT_TLS");
  EXPECT_NE(error.hint().find("plain_http"), std::string::npos);
}

TEST_F(TlsTest, a_host_that_is_silent_is_not_asked_over_http) {
  std::atomic<int> requests{0};
  testing::HttpServer silent([&](const testing::HttpRequest&) {  // waits for the end of a head that TLS never sends
    ++requests;
    return testing::HttpReply{};
  });
  options_.connect_timeout = std::chrono::milliseconds(200);
  Client client(options_);
  EXPECT_THROW(client.repository(oci::Reference::parse(silent.host() + "/app"))->stat_manifest("v1", {}), Unreachable);
  EXPECT_EQ(requests, 0);
}

TEST_F(TlsTest, other_hosts_are_reached_through_the_proxy_and_verified_by_their_name) {
  start("DNS:registry.test");
  testing::TcpRelay proxy(registry_->port(), testing::TcpRelay::Mode::connect_proxy);
  ::setenv("HTTPS_PROXY", ("http://user:p%40ss@" + proxy.host()).c_str(), 1);
  options_.hosts["registry.test"].ca_file = authority_->certificate();
  // docker-registry's Location names the host it was asked for, so all requests go this way.
  round_trip("registry.test");
  ASSERT_FALSE(proxy.connects().empty());
  const std::string head = proxy.connects().front();
  EXPECT_NE(head.find("CONNECT registry.test:443 HTTP/1.1\r\nHost: registry.test:443\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), std::string::npos) << head;
}

TEST_F(TlsTest, a_proxy_that_refuses_is_an_error_without_its_password) {
  testing::TcpRelay proxy(1, testing::TcpRelay::Mode::connect_proxy);
  ::setenv("HTTPS_PROXY", ("http://user:secret@" + proxy.host()).c_str(), 1);
  Client client(options_);
  for (const int status : {407, 403}) {
    proxy.refuse_with("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 0\r\n\r\n");
    try {
      client.repository(oci::Reference::parse("registry.test/app"))->stat_manifest("v1", {});
      FAIL();
    } catch (const RegistryError& error) {
      EXPECT_EQ(error.status(), status);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
      EXPECT_NE(error.hint().find("HTTPS_PROXY"), std::string::npos);
    }
  }
}

TEST_F(TlsTest, the_doctor_shows_the_certificate_and_stops_where_it_fails) {
  start("IP:127.0.0.1");
  const auto failed = Client(options_).diagnose(registry_->host(), {});
  ASSERT_EQ(failed.steps.size(), 3U);
  EXPECT_TRUE(failed.steps[1].ok);
  EXPECT_EQ(failed.steps[2].name, "tls");
  EXPECT_FALSE(failed.steps[2].ok);
  options_.hosts[registry_->host()].ca_file = authority_->certificate();
  const auto passed = Client(options_).diagnose(registry_->host(), {});
  ASSERT_EQ(passed.steps.size(), 6U);
  EXPECT_NE(passed.steps[2].detail.find("issued by CN=test-authority"), std::string::npos) << passed.steps[2].detail;
}

}  // namespace
}  // namespace accel::registry
