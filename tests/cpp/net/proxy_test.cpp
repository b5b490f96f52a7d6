#include "accel/net/proxy.hpp"

#include <gtest/gtest.h>

#include <map>

#include "accel/base/error.hpp"

namespace accel::net {
namespace {

using Environment = std::map<std::string, std::string>;

ProxyRules rules(Environment environment) {
  return ProxyRules::from_environment([environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  });
}

std::string proxy_of(const ProxyRules& rules, const std::string& url) {
  const auto proxy = rules.proxy_for(*Url::parse(url));
  return proxy ? proxy->origin() : "";
}

TEST(Proxy, each_scheme_has_its_own_variable) {
  const auto both = rules({{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "p:2"}});
  EXPECT_EQ(proxy_of(both, "https://a/"), "http://s:1");
  EXPECT_EQ(proxy_of(both, "http://a/"), "http://p:2");
  EXPECT_EQ(proxy_of(rules({{"HTTP_PROXY", "p:2"}}), "https://a/"), "");
  EXPECT_EQ(proxy_of(ProxyRules(), "https://a/"), "");
}

TEST(Proxy, lower_case_wins_and_empty_means_unset) {
  EXPECT_EQ(proxy_of(rules({{"https_proxy", "http://low"}, {"HTTPS_PROXY", "http://up"}}), "https://a/"), "http://low");
  EXPECT_EQ(proxy_of(rules({{"https_proxy", ""}, {"HTTPS_PROXY", "http://up"}}), "https://a/"), "http://up");
}

TEST(Proxy, loopback_is_never_reached_through_a_proxy) {
  const auto all = rules({{"HTTPS_PROXY", "http://p"}, {"HTTP_PROXY", "http://p"}});
  for (const char* url : {"http://localhost:5000/", "https://127.0.0.1/", "https://[::1]:5000/"})
    EXPECT_EQ(proxy_of(all, url), "");
}

TEST(Proxy, no_proxy_entries_match_by_their_kind) {
  struct Row {
    const char *list, *url;
    bool exempt;
  };
  for (const Row& row : {
           Row{"*", "https://a.example/", true},
           Row{"example.com", "https://example.com/", true},
           Row{"example.com", "https://a.b.example.com/", true},
           Row{"example.com", "https://notexample.com/", false},
           Row{".example.com", "https://example.com/", true},
           Row{".example.com", "https://a.example.com/", true},
           Row{"*.example.com", "https://a.example.com/", true},
           Row{"*.example.com", "https://example.com/", false},
           Row{"EXAMPLE.com", "https://example.COM/", true},
           Row{"x, example.com ,y", "https://example.com/", true},
           Row{"example.com:8443", "https://example.com/", false},
           Row{"example.com:8443", "https://example.com:8443/", true},
           Row{"10.0.0.0/8", "https://10.200.3.4/", true},
           Row{"10.0.0.0/8", "https://11.0.0.1/", false},
           Row{"192.168.4.0/22", "https://192.168.7.255/", true},
           Row{"192.168.4.0/22", "https://192.168.8.0/", false},
           Row{"10.0.0.0/8", "https://ten.example/", false},
           Row{"10.1.2.3", "https://10.1.2.3/", true},
           Row{"10.1.2.3:5000", "https://10.1.2.3:5000/", true},
           Row{"10.1.2.3:5000", "https://10.1.2.3/", false},
           Row{"2001:db8::/32", "https://[2001:db8:1::5]/", true},
           Row{"2001:db8::1", "https://[2001:db8:0::1]/", true},
           Row{"[2001:db8::1]:5000", "https://[2001:db8::1]:5000/", true},
           Row{"2001:db8::/32", "https://[2001:db9::1]/", false},
           Row{"0.0.0.0/0", "https://8.8.8.8/", true},
           Row{"10.0.0.0/33", "https://10.0.0.1/", false},
           Row{"", "https://a/", false},
       }) {
    const auto set = rules({{"HTTPS_PROXY", "http://p"}, {"NO_PROXY", row.list}});
    EXPECT_EQ(proxy_of(set, row.url).empty(), row.exempt) << row.list << " " << row.url;
  }
}

TEST(Proxy, unusable_values_are_errors_that_name_the_variable_and_hide_the_value) {
  for (const char* value : {"socks5://user:secret@p:1", "https://user:secret@p:1", "http://user:secret@:x"}) {
    try {
      rules({{"https_proxy", value}});
      FAIL() << value;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("https_proxy"), std::string::npos);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
}

TEST(Proxy, user_information_becomes_basic_authorization) {
  EXPECT_EQ(proxy_authorization(*Url::parse("http://user:p%40ss:word@p")), "Basic dXNlcjpwQHNzOndvcmQ=");
  EXPECT_EQ(proxy_authorization(*Url::parse("http://p")), "");
}

}  // namespace
}  // namespace accel::net
