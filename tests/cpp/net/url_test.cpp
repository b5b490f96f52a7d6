#include "accel/net/url.hpp"

#include <gtest/gtest.h>

namespace accel::net {
namespace {

TEST(Url, parts_are_found) {
  const auto url = Url::parse("HTTPS://user:p%40ss@Registry.Example:5443/v2/App/?n=1&last=b#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->userinfo, "user:p%40ss");
  EXPECT_EQ(url->host, "registry.example");
  EXPECT_EQ(url->port, 5443);
  EXPECT_EQ(url->path, "/v2/App/");
  EXPECT_EQ(url->query, "n=1&last=b");
  EXPECT_EQ(url->to_string(), "https://user:p%40ss@registry.example:5443/v2/App/?n=1&last=b");
}

TEST(Url, printing_leaves_out_the_schemes_own_port) {
  struct Row {
    const char *text, *origin;
  };
  for (const Row& row :
       {Row{"http://a", "http://a"}, Row{"http://a:80/x", "http://a"}, Row{"http://a:443/", "http://a:443"},
        Row{"https://a:443", "https://a"}, Row{"https://[::1]:5000/", "https://[::1]:5000"},
        Row{"https://[2001:DB8::1]", "https://[2001:db8::1]"}}) {
    const auto url = Url::parse(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->origin(), row.origin);
  }
}

TEST(Url, malformed_text_is_refused) {
  for (const char* text : {"", "a", "/v2/", "ftp://a/", "http://", "http:///x", "http://a:0/", "http://a:65536/",
                           "http://a:b/", "http://a:80x/", "http://[::1", "http://[::1]x/", "http://[nonsense]/",
                           "http://a b/", "http://a\r\nHost: b/", "http://a/\r\nX: y", "http://\x7F/"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
  EXPECT_FALSE(Url::parse("http://a/" + std::string(20'000, 'x')));
}

TEST(Url, bytes_that_may_not_stand_in_a_request_line_are_escaped) {
  const auto url = Url::parse("http://a/b c\xC3\xA9?q=\"<>");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->target(), "/b%20c%C3%A9?q=%22%3C%3E");
}

TEST(Url, references_are_resolved_as_rfc_3986_says) {
  const auto base = Url::parse("https://user:pw@reg.example:5000/v2/app/blobs/uploads/1?state=x");
  ASSERT_TRUE(base);
  struct Row {
    const char *reference, *result;
  };
  for (const Row& row : {
           Row{"/v2/app/blobs/uploads/2?s=y", "https://reg.example:5000/v2/app/blobs/uploads/2?s=y"},
           Row{"2", "https://reg.example:5000/v2/app/blobs/uploads/2"},
           Row{"../2", "https://reg.example:5000/v2/app/blobs/2"},
           Row{"./", "https://reg.example:5000/v2/app/blobs/uploads/"},
           Row{"../../../../../../x", "https://reg.example:5000/x"},
           Row{"?state=z", "https://reg.example:5000/v2/app/blobs/uploads/1?state=z"},
           Row{"", "https://reg.example:5000/v2/app/blobs/uploads/1?state=x"},
           Row{"//other.example/x", "https://other.example/x"},
           Row{"http://other.example", "http://other.example/"},
           Row{"a?b=c:d", "https://reg.example:5000/v2/app/blobs/uploads/a?b=c:d"},
       }) {
    const auto url = base->resolve(row.reference);
    ASSERT_TRUE(url) << row.reference;
    EXPECT_EQ(url->to_string(), row.result) << row.reference;
  }
  EXPECT_FALSE(base->resolve("mailto:x@y"));
  EXPECT_FALSE(base->resolve("/x\r\nEvil: 1"));
}

TEST(Url, origins_differ_by_scheme_host_and_port) {
  const auto base = *Url::parse("https://a:5000/x");
  EXPECT_TRUE(same_origin(base, *Url::parse("https://A:5000/y?z")));
  EXPECT_FALSE(same_origin(base, *Url::parse("http://a:5000/x")));
  EXPECT_FALSE(same_origin(base, *Url::parse("https://a/x")));
  EXPECT_FALSE(same_origin(base, *Url::parse("https://a.b:5000/x")));
}

TEST(Url, query_values_are_encoded) {
  auto url = *Url::parse("http://a/t?x=1");
  add_query(url, "scope", "repository:a/b:pull,push");
  EXPECT_EQ(url.query, "x=1&scope=repository%3Aa%2Fb%3Apull%2Cpush");
  EXPECT_EQ(percent_decode("a%2Fb%zz%4"), "a/b%zz%4");
}

TEST(Url, only_loopback_hosts_are_loopback) {
  for (const char* host : {"localhost", "LOCALHOST", "app.localhost", "127.0.0.1", "127.255.0.9", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"localhost.example", "128.0.0.1", "127.0.0.1.example", "::2", "10.0.0.1", "notlocalhost"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace accel::net
