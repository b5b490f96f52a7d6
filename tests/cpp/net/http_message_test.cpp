#include "accel/net/http_message.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/net/text.hpp"

namespace accel::net {
namespace {

TEST(Headers, names_compare_without_case) {
  Headers headers{{"Link", "a"}, {"X", "b"}, {"link", "c"}};
  EXPECT_EQ(headers.get("LINK"), "a");
  EXPECT_EQ(headers.all("link"), (std::vector<std::string_view>{"a", "c"}));
  EXPECT_FALSE(headers.has("Links"));
  headers.set("lInK", "d");
  EXPECT_EQ(headers.all("Link"), std::vector<std::string_view>{"d"});
  headers.remove("x");
  EXPECT_EQ(headers.get("X"), "");
}

TEST(HttpMessage, heads_are_written_as_they_go_over_the_wire) {
  Request request;
  request.method = "PUT";
  request.url = *Url::parse("https://[::1]:5000/v2/a?x=1");
  request.headers.add("Accept", "*/*");
  request.body = as_bytes("abc");
  EXPECT_EQ(serialize_head(request, request.url.target()),
            "PUT /v2/a?x=1 HTTP/1.1\r\nHost: [::1]:5000\r\nAccept: */*\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(serialize_head(request, "/", BodyFraming::chunked),
            "PUT / HTTP/1.1\r\nHost: [::1]:5000\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\n");
  request.method = "GET";
  request.body = {};
  EXPECT_EQ(serialize_head(request, "/"), "GET / HTTP/1.1\r\nHost: [::1]:5000\r\nAccept: */*\r\n\r\n");
  request.method = "POST";
  EXPECT_NE(serialize_head(request, "/").find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(HttpMessage, nothing_can_break_out_of_its_line_and_secrets_are_not_shown) {
  for (const auto& [name, value] : {std::pair{"A b", "x"}, std::pair{"", "x"}, std::pair{"A:", "x"},
                                    std::pair{"Authorization", "secret\r\nX: y"}, std::pair{"A", "x\n"}}) {
    Request request;
    request.url = *Url::parse("http://a/");
    request.headers.add(name, value);
    try {
      serialize_head(request, "/");
      FAIL() << name;
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
  Request request;
  request.method = "GET / HTTP/1.1\r\nX:";
  EXPECT_THROW(serialize_head(request, "/"), ConfigError);
}

TEST(Text, parts_and_numbers) {
  EXPECT_EQ(split(std::string_view(" a, b ,,c,"), ','), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_EQ(parse_u64("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", "1 ", "0x1", "18446744073709551616"})
    EXPECT_EQ(parse_u64(text), std::nullopt);
  EXPECT_TRUE(equal_nocase("ABC", "abc"));
  EXPECT_FALSE(equal_nocase("ABC", "abcd"));
  EXPECT_EQ(to_lower("A\xC3\x84Z"), "a\xC3\x84z");
}

}  // namespace
}  // namespace accel::net
