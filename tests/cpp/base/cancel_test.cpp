#include "accel/base/cancel.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel {
namespace {

TEST(Cancel, default_token_is_never_cancelled) {
  const CancelToken token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_NO_THROW(token.check());
}

TEST(Cancel, token_sees_its_source) {
  CancelSource source;
  const CancelToken token = source.token();
  source.cancel();
  EXPECT_TRUE(token.cancelled());
  EXPECT_THROW(token.check(), Cancelled);
}

TEST(Cancel, callback_runs_once_and_not_after_its_registration_went) {
  CancelSource source;
  int kept = 0;
  int dropped = 0;
  const auto registration = source.token().on_cancel([&] { ++kept; });
  {
    const auto gone = source.token().on_cancel([&] { ++dropped; });
  }
  source.cancel();
  source.cancel();
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(dropped, 0);
}

TEST(Cancel, child_source_follows_its_parent_and_not_the_other_way) {
  CancelSource parent;
  CancelSource first(parent.token());
  CancelSource second(parent.token());
  first.cancel();
  EXPECT_FALSE(parent.token().cancelled());
  EXPECT_FALSE(second.token().cancelled());
  parent.cancel();
  EXPECT_TRUE(second.token().cancelled());
}

}  // namespace
}  // namespace accel
