#include "accel/net/resolve.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/base/error.hpp"

namespace accel::net {
namespace {

using namespace std::chrono_literals;

TEST(Resolve, addresses_are_not_looked_up) {
  EXPECT_EQ(resolve("192.0.2.1", 1ms, {}), std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(resolve("2001:db8::1", 1ms, {}), std::vector<std::string>{"2001:db8::1"});
}

TEST(Resolve, this_machine_has_a_name) {
  const auto addresses = resolve("localhost", 5s, {});
  EXPECT_NE(std::find(addresses.begin(), addresses.end(), "127.0.0.1"), addresses.end());
}

TEST(Resolve, a_name_that_cannot_exist_is_unreachable_and_named) {
  try {
    resolve("no-such-host.invalid", 30s, {});
    FAIL();
  } catch (const Unreachable& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-host.invalid"), std::string::npos);
  }
}

TEST(Resolve, cancel_is_seen_first) {
  CancelSource source;
  source.cancel();
  EXPECT_THROW(resolve("localhost", 5s, source.token()), Cancelled);
}

}  // namespace
}  // namespace accel::net
