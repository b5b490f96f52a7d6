#include "accel/registry/scope.hpp"

#include <gtest/gtest.h>

namespace accel::registry {
namespace {

TEST(Scope, a_token_covers_what_has_no_more_resources_and_actions) {
  struct Row {
    Scopes held, wanted;
    bool covered;
  };
  for (const Row& row : {
           Row{{}, {}, true},
           Row{{}, {"repository:a:pull"}, false},
           Row{{"repository:a:pull"}, {}, true},
           Row{{"repository:a:pull"}, {"repository:a:pull"}, true},
           Row{{"repository:a:pull,push"}, {"repository:a:pull"}, true},
           Row{{"repository:a:push,pull"}, {"repository:a:pull,push"}, true},
           Row{{"repository:a:pull"}, {"repository:a:pull,push"}, false},
           Row{{"repository:a:pull,push"}, {"repository:ab:pull"}, false},
           Row{{"repository:a:*"}, {"repository:a:pull,push"}, true},
           Row{{"repository:a:pull,push", "repository:b:pull"}, {"repository:b:pull", "repository:a:push"}, true},
           Row{{"repository:host:5000/a:pull"}, {"repository:host:5000/a:pull"}, true},
           Row{{"odd"}, {"odd"}, true},
           Row{{"odd"}, {"even"}, false},
       }) {
    EXPECT_EQ(covers(row.held, row.wanted), row.covered);
  }
}

TEST(Scope, merging_sorts_and_leaves_out_what_is_covered) {
  EXPECT_EQ(merge({push_scope("b")}, {pull_scope("a")}), (Scopes{"repository:a:pull", "repository:b:pull,push"}));
  EXPECT_EQ(merge({push_scope("a")}, {pull_scope("a")}), Scopes{"repository:a:pull,push"});
  EXPECT_EQ(merge({pull_scope("a")}, {pull_scope("a")}), Scopes{"repository:a:pull"});
  EXPECT_EQ(merge({"repository:a:push,pull"}, {"repository:a:pull,push"}).size(), 1U);
  EXPECT_EQ(merge({}, {}), Scopes{});
}

}  // namespace
}  // namespace accel::registry
