#include "accel/registry/host.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/registry/capabilities.hpp"

namespace accel::registry {
namespace {

class HostTest : public ::testing::Test {
 protected:
  std::string root_of(const std::string& name, std::optional<bool> plain_http = std::nullopt) {
    auto services = std::make_shared<Services>();
    services->options.hosts[name].plain_http = plain_http;
    services->connector = std::make_shared<net::Connector>(
        net::ProxyRules(), [](const net::Url&) { return net::TlsOptions(); }, std::chrono::milliseconds(2000));
    services->log = std::make_shared<NullLogger>();
    return Host(name, services, 1).root({}).to_string();
  }
};

TEST_F(HostTest, names_in_references_become_addresses) {
  EXPECT_EQ(root_of("registry.example"), "https://registry.example/");
  EXPECT_EQ(root_of("registry.example:5000"), "https://registry.example:5000/");
  EXPECT_EQ(root_of("docker.io"), "https://registry-1.docker.io/");
  EXPECT_EQ(root_of("registry.example", true), "http://registry.example/");
  EXPECT_EQ(root_of("localhost:5000", true), "http://localhost:5000/");
  EXPECT_EQ(root_of("localhost:5000", false), "https://localhost:5000/");
  EXPECT_EQ(root_of("[2001:db8::1]:5000"), "https://[2001:db8::1]:5000/");
}

TEST_F(HostTest, what_is_no_host_is_refused) {
  for (const char* name : {"", "a b", "a:b", "a:99999", "[::1"}) EXPECT_THROW(root_of(name), InvalidReference) << name;
}

TEST(Capabilities, registries_known_to_refuse_chunks_are_known_from_the_start) {
  for (const char* host : {"gcr.io", "eu.gcr.io", "europe-docker.pkg.dev", "ghcr.io"}) {
    EXPECT_FALSE(Capabilities(host).chunked_uploads) << host;
  }
  for (const char* host : {"docker.io", "quay.io", "localhost:5000", "notgcr.io", "ghcr.io.example"}) {
    EXPECT_TRUE(Capabilities(host).chunked_uploads) << host;
  }
}

}  // namespace
}  // namespace accel::registry
