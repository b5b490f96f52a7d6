#include "accel/net/connector.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "support/http_server.hpp"

namespace accel::net {
namespace {

using namespace std::chrono_literals;
using testing::HttpServer;

class ConnectorTest : public ::testing::Test {
 protected:
  /// A connector for which every name has `addresses`.
  Connector connector_to(std::vector<std::string> addresses) {
    return {ProxyRules(), [](const Url&) { return TlsOptions(); }, 2000ms,
            [addresses = std::move(addresses)](const std::string&, std::chrono::milliseconds, const CancelToken&) {
              return addresses;
            }};
  }
  Url url_of(const std::string& scheme) const {
    return *Url::parse(scheme + "://several.test:" + std::to_string(server_.port()) + "/");
  }

  HttpServer server_{[](const testing::HttpRequest&) { return testing::HttpReply(); }};  // on 127.0.0.1 alone
};

TEST_F(ConnectorTest, an_address_that_refuses_is_followed_by_the_next) {
  Connector connector = connector_to({"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  EXPECT_NE(connector.connect(connector.route(url_of("http")), {}, {}), nullptr);
}

TEST_F(ConnectorTest, when_all_refuse_the_error_says_so) {
  Connector connector = connector_to({"127.0.0.2", "127.0.0.3"});
  try {
    connector.connect(connector.route(url_of("http")), {}, {});
    FAIL();
  } catch (const Unreachable& error) {
    EXPECT_EQ(error.fields().code, kRefused);
    EXPECT_TRUE(error.retryable());
    EXPECT_NE(std::string(error.what()).find("connect to 127.0.0.3 port "), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("that the registry runs"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace accel::net
