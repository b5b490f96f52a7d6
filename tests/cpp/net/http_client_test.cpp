#include "accel/net/http_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "accel/base/error.hpp"
#include "support/http_server.hpp"

namespace accel::net {
namespace {

using namespace std::chrono_literals;
using testing::HttpReply;
using testing::HttpRequest;
using testing::HttpServer;

class HttpClientTest : public ::testing::Test {
 protected:
  /// A client with short time-outs.
  void make_client(std::size_t max_connections = 4, HttpTimeouts timeouts = {2000ms, 2000ms}) {
    pool_ = std::make_shared<Pool>(max_connections);
    auto connector = std::make_shared<Connector>(
        ProxyRules(), [](const Url&) { return TlsOptions(); }, 2000ms);
    client_ = std::make_unique<HttpClient>(connector, pool_, timeouts);
  }
  void SetUp() override { make_client(); }

  Request request(const HttpServer& server, std::string method, std::string body = {}) {
    body_ = std::move(body);
    Request request;
    request.method = std::move(method);
    request.url = *Url::parse(server.url("/x?y=z"));
    request.body = as_bytes(body_);
    return request;
  }

  std::string get(const HttpServer& server) {
    auto response = client_->send(request(server, "GET"), cancel_.token());
    return read_all(*response.body, 1U << 24U).value_or("too long");
  }

  std::string body_;
  CancelSource cancel_;
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<HttpClient> client_;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(HttpClientTest, bodies_arrive_whole_in_every_framing) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16'384}, std::size_t{1'000'000}}) {
    for (int framing = 0; framing < 3; ++framing) {
      HttpServer server([&](const HttpRequest&) {
        HttpReply reply{200, {}, pattern(size)};
        reply.chunked = framing == 1;
        reply.until_close = framing == 2;
        return reply;
      });
      EXPECT_EQ(get(server), pattern(size)) << size << " bytes, framing " << framing;
      EXPECT_EQ(pool_->idle_count(), framing == 2 ? 0U : 1U);
      make_client();
    }
  }
}

TEST_F(HttpClientTest, one_connection_serves_many_requests) {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, "ok"}; });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(server), "ok");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, a_request_carries_method_target_headers_and_body) {
  HttpRequest seen;
  HttpServer server([&](const HttpRequest& r) {
    seen = r;
    return HttpReply{201, {{"X-Answer", "1"}, {"x-answer", "2"}}, ""};
  });
  auto r = request(server, "PUT", pattern(3'000'000));
  r.headers.add("X-Test", "value");
  const auto response = client_->send(r, cancel_.token());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("X-ANSWER"), "1");
  EXPECT_EQ(response.headers.all("x-answer").size(), 2U);
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.target, "/x?y=z");
  EXPECT_EQ(seen.header("host"), server.host());
  EXPECT_EQ(seen.header("x-test"), "value");
  EXPECT_EQ(seen.body, pattern(3'000'000));
}

TEST_F(HttpClientTest, a_head_answer_has_a_length_and_no_body) {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, pattern(100)}; });
  auto response = client_->send(request(server, "HEAD"), cancel_.token());
  EXPECT_EQ(response.content_length, 100U);
  EXPECT_EQ(read_all(*response.body, 10), "");
  EXPECT_EQ(get(server), pattern(100));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, a_kept_connection_that_was_closed_meanwhile_is_replaced) {
  HttpServer server([](const HttpRequest&) {
    HttpReply reply{200, {}, "ok"};
    reply.close_silently = true;
    return reply;
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(server), "ok");
    std::this_thread::sleep_for(i == 0 ? 20ms : 0ms);  // with and without the chance to see the end beforehand
  }
}

TEST_F(HttpClientTest, a_stale_connection_is_retried_for_posts_and_not_for_patches) {
  for (const char* method : {"POST", "PATCH"}) {
    make_client();
    std::atomic<int> calls{0};
    HttpServer server([&](const HttpRequest&) {
      HttpReply reply{200, {}, "ok"};
      reply.no_answer = ++calls == 2;  // the second request on the kept connection finds it dead
      return reply;
    });
    EXPECT_EQ(get(server), "ok");
    if (std::string(method) == "POST") {
      EXPECT_EQ(client_->send(request(server, method, "body"), cancel_.token()).status, 200);
      EXPECT_EQ(calls, 3);
    } else {
      EXPECT_THROW(client_->send(request(server, method, "body"), cancel_.token()), Unreachable);
      EXPECT_EQ(calls, 2);
    }
  }
}

TEST_F(HttpClientTest, a_body_that_ends_early_is_a_retryable_error) {
  for (const bool chunked : {false, true}) {
    HttpServer server([&](const HttpRequest&) {
      HttpReply reply{200, {}, pattern(50'000)};
      reply.cut_after = 20'000;
      reply.chunked = chunked;
      return reply;
    });
    try {
      get(server);
      FAIL();
    } catch (const Unreachable& error) {
      EXPECT_TRUE(error.retryable());
      EXPECT_NE(std::string(error.what()).find("20000 bytes"), std::string::npos) << error.what();
    }
  }
}

TEST_F(HttpClientTest, a_reset_connection_is_a_retryable_error) {
  HttpServer server([](const HttpRequest&) {
    HttpReply reply{200, {}, pattern(5'000'000)};
    reply.cut_after = 4'000'000;
    reply.reset = true;
    return reply;
  });
  EXPECT_THROW(get(server), Unreachable);
}

TEST_F(HttpClientTest, slow_headers_run_into_the_time_out) {
  make_client(4, {150ms, 2000ms});
  HttpServer server([](const HttpRequest&) {
    HttpReply reply{200, {}, "late"};
    reply.delay = 3000ms;
    return reply;
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(get(server), Unreachable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(HttpClientTest, an_early_refusal_of_a_large_body_is_noticed) {
  const std::string large = pattern(40'000'000);
  HttpServer server(
      [](const HttpRequest&) {
        return HttpReply{413, {}, "too large"};
      },
      [](const HttpRequest&) { return std::optional<std::size_t>(1000); });
  auto response = client_->send(request(server, "PUT", large), cancel_.token());
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(read_all(*response.body, 100), "too large");
  EXPECT_EQ(pool_->idle_count(), 0U);
}

TEST_F(HttpClientTest, answers_that_are_no_http_are_refused) {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {{"X-Big", std::string(100'000, 'x')}}, ""}; });
  try {
    get(server);
    FAIL() << "a head of 100 kB was accepted";
  } catch (const Unreachable& error) {
    EXPECT_FALSE(error.retryable());
  }
}

TEST_F(HttpClientTest, header_values_with_line_breaks_are_refused_before_anything_is_sent) {
  HttpServer server([](const HttpRequest&) { return HttpReply{}; });
  auto r = request(server, "GET");
  r.headers.add("X-Test", "a\r\nEvil: 1");
  EXPECT_THROW(client_->send(r, cancel_.token()), ConfigError);
}

TEST_F(HttpClientTest, nobody_listening_is_unreachable_and_names_the_address) {
  std::string target;
  {
    HttpServer server([](const HttpRequest&) { return HttpReply{}; });
    target = server.url("/");
  }
  Request r;
  r.url = *Url::parse(target);
  try {
    client_->send(r, {});
    FAIL();
  } catch (const Unreachable& error) {
    EXPECT_TRUE(error.retryable());
    EXPECT_NE(std::string(error.what()).find("127.0.0.1"), std::string::npos);
  }
}

TEST_F(HttpClientTest, cancel_ends_a_waiting_request_soon) {
  HttpServer server([](const HttpRequest&) {
    HttpReply reply;
    reply.delay = 5000ms;
    return reply;
  });
  std::thread canceller([this] {
    std::this_thread::sleep_for(50ms);
    cancel_.cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(get(server), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  canceller.join();
}

TEST_F(HttpClientTest, a_proxy_gets_the_whole_url_of_a_plain_request) {
  HttpRequest seen;
  HttpServer proxy([&](const HttpRequest& r) {
    seen = r;
    return HttpReply{200, {}, "through"};
  });
  const std::string url = "http://user:pass@" + proxy.host();
  const auto rules = ProxyRules::from_environment([&](const std::string& name) -> std::optional<std::string> {
    return name == "HTTP_PROXY" ? std::optional(url) : std::nullopt;
  });
  auto connector = std::make_shared<Connector>(
      rules, [](const Url&) { return TlsOptions(); }, 2000ms);
  HttpClient client(connector, pool_, {2000ms, 2000ms});
  Request r;
  r.url = *Url::parse("http://registry.test:5000/v2/?n=1");
  auto response = client.send(r, {});
  EXPECT_EQ(read_all(*response.body, 100), "through");
  EXPECT_EQ(seen.target, "http://registry.test:5000/v2/?n=1");
  EXPECT_EQ(seen.header("host"), "registry.test:5000");
  EXPECT_EQ(seen.header("proxy-authorization"), "Basic dXNlcjpwYXNz");
}

TEST_F(HttpClientTest, a_streamed_body_arrives_in_chunks) {
  HttpRequest seen;
  HttpServer server([&](const HttpRequest& r) {
    seen = r;
    return HttpReply{202, {}, "done"};
  });
  const auto stream = client_->begin(request(server, "PATCH"), cancel_.token());
  std::string sent;
  for (const std::size_t size : {std::size_t{1}, std::size_t{0}, std::size_t{100'000}, std::size_t{17}}) {
    EXPECT_TRUE(stream->write(as_bytes(pattern(size))));
    sent += pattern(size);
  }
  auto response = stream->finish();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(read_all(*response.body, 100), "done");
  EXPECT_EQ(seen.body, sent);
  EXPECT_EQ(seen.header("transfer-encoding"), "chunked");
  EXPECT_EQ(seen.header("content-length"), "");
  EXPECT_EQ(pool_->idle_count(), 1U);
}

TEST_F(HttpClientTest, names_that_do_not_exist_are_unreachable) {
  Request r;
  r.url = *Url::parse("http://no-such-host.invalid/");
  EXPECT_THROW(client_->send(r, {}), Unreachable);
}

}  // namespace
}  // namespace accel::net
