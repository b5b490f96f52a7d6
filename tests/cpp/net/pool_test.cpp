#include "accel/net/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/net/http_client.hpp"
#include "support/http_server.hpp"

namespace accel::net {
namespace {

using namespace std::chrono_literals;
using testing::HttpReply;
using testing::HttpRequest;
using testing::HttpServer;

const Route kRoute{"http", "a", 80, "", {}};

TEST(Pool, brief_requests_wait_for_their_turn) {
  const auto pool = std::make_shared<Pool>(1);
  std::atomic<bool> second{false};
  auto first = std::make_unique<Pool::Lease>(pool->acquire(kRoute, Hold::brief, {}));
  std::thread waiter([&] {
    const auto lease = pool->acquire(kRoute, Hold::brief, {});
    second = true;
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(second);
  first.reset();
  waiter.join();
  EXPECT_TRUE(second);
}

TEST(Pool, open_transfers_neither_wait_nor_count) {
  const auto pool = std::make_shared<Pool>(1);
  const auto brief = pool->acquire(kRoute, Hold::brief, {});
  std::vector<Pool::Lease> open;
  for (int i = 0; i < 10; ++i) open.push_back(pool->acquire(kRoute, Hold::open, {}));
}

TEST(Pool, hosts_do_not_wait_for_each_other) {
  const auto pool = std::make_shared<Pool>(1);
  const auto one = pool->acquire(kRoute, Hold::brief, {});
  const auto two = pool->acquire({"http", "b", 80, "", {}}, Hold::brief, {});
}

TEST(Pool, cancel_wakes_a_waiter) {
  const auto pool = std::make_shared<Pool>(1);
  const auto held = pool->acquire(kRoute, Hold::brief, {});
  CancelSource source;
  std::thread waiter([&] { EXPECT_THROW(pool->acquire(kRoute, Hold::brief, source.token()), Cancelled); });
  std::this_thread::sleep_for(20ms);
  source.cancel();
  waiter.join();
}

TEST(Pool, a_limit_of_one_does_not_block_a_caller_that_reads_while_it_sends) {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, std::string(5'000'000, 'x')}; });
  const auto pool = std::make_shared<Pool>(1);
  auto connector = std::make_shared<Connector>(
      ProxyRules(), [](const Url&) { return TlsOptions(); }, 2000ms);
  HttpClient client(connector, pool, {5000ms, 5000ms});
  Request download;
  download.url = *Url::parse(server.url("/"));
  download.hold = Hold::open;
  auto first = client.send(download, {});
  auto second = client.send(download, {});
  Request brief = download;
  brief.hold = Hold::brief;
  auto third = client.send(brief, {});
  EXPECT_EQ(read_all(*third.body, 1U << 24U)->size(), 5'000'000U);
  EXPECT_EQ(read_all(*second.body, 1U << 24U)->size(), 5'000'000U);
  EXPECT_EQ(read_all(*first.body, 1U << 24U)->size(), 5'000'000U);
}

TEST(Pool, at_most_the_limit_of_brief_requests_runs_at_a_time) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  HttpServer server([&](const HttpRequest&) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(5ms);
    --running;
    return HttpReply{200, {}, "ok"};
  });
  const auto pool = std::make_shared<Pool>(3);
  auto connector = std::make_shared<Connector>(
      ProxyRules(), [](const Url&) { return TlsOptions(); }, 2000ms);
  HttpClient client(connector, pool, {5000ms, 5000ms});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        Request request;
        request.url = *Url::parse(server.url("/"));
        auto response = client.send(request, {});
        EXPECT_EQ(read_all(*response.body, 100), "ok");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_LE(server.connections(), 4);
  EXPECT_LE(pool->idle_count(), 3U);
}

TEST(Pool, connections_that_were_idle_for_too_long_are_dropped) {
  HttpServer server([](const HttpRequest&) { return HttpReply{200, {}, "ok"}; });
  const auto pool = std::make_shared<Pool>(2, 30ms);
  auto connector = std::make_shared<Connector>(
      ProxyRules(), [](const Url&) { return TlsOptions(); }, 2000ms);
  HttpClient client(connector, pool, {5000ms, 5000ms});
  for (int i = 0; i < 2; ++i) {
    Request request;
    request.url = *Url::parse(server.url("/"));
    auto response = client.send(request, {});
    read_all(*response.body, 100);
    std::this_thread::sleep_for(60ms);
  }
  EXPECT_EQ(server.connections(), 2);
}

}  // namespace
}  // namespace accel::net
