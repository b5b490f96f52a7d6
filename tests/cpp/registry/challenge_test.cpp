#include "accel/registry/challenge.hpp"

#include <gtest/gtest.h>

namespace accel::registry {
namespace {

TEST(Challenge, fields_are_read_as_rfc_9110_says) {
  struct Row {
    const char* field;
    std::vector<Challenge> challenges;
  };
  for (
      const Row& row : {
          Row{"", {}},
          Row{"Basic", {{"basic", {}}}},
          Row{R"(Basic realm="a b")", {{"basic", {{"realm", "a b"}}}}},
          Row{R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")",
              {{"bearer",
                {{"realm", "https://auth.docker.io/token"},
                 {"service", "registry.docker.io"},
                 {"scope", "repository:a/b:pull,push"}}}}},
          Row{R"(BEARER Realm = "x" , SERVICE=token)", {{"bearer", {{"realm", "x"}, {"service", "token"}}}}},
          Row{R"(Bearer realm="a\"b\\c")", {{"bearer", {{"realm", "a\"b\\c"}}}}},
          Row{R"(Basic realm="x", Bearer realm="y",service="z", Negotiate)",
              {{"basic", {{"realm", "x"}}}, {"bearer", {{"realm", "y"}, {"service", "z"}}}, {"negotiate", {}}}},
          Row{"Negotiate YII=, Basic realm=x", {{"negotiate", {{"yii", ""}}}, {"basic", {{"realm", "x"}}}}},
          Row{R"(Bearer realm="never ends)", {{"bearer", {}}}},
          Row{R"(Bearer realm="x" "stray")", {{"bearer", {{"realm", "x"}}}}},
          Row{"realm=x", {}},
          Row{",, ,Basic", {{"basic", {}}}},
          Row{"Bearer realm=,service=s", {{"bearer", {{"realm", ""}, {"service", "s"}}}}},
      }) {
    EXPECT_EQ(parse_challenges(row.field), row.challenges) << row.field;
  }
}

TEST(Challenge, the_first_of_equal_parameters_counts_and_numbers_are_limited) {
  EXPECT_EQ(parse_challenges("Bearer realm=a,realm=b")[0].get("realm"), "a");
  EXPECT_EQ(parse_challenges("Bearer")[0].get("realm"), "");
  std::string many = "Bearer a0=x";
  for (int i = 1; i < 1000; ++i) many += ",a" + std::to_string(i) + "=x";
  EXPECT_EQ(parse_challenges(many)[0].parameters.size(), 32U);
  std::string schemes;
  for (int i = 0; i < 1000; ++i) schemes += "S" + std::to_string(i) + ",";
  EXPECT_EQ(parse_challenges(schemes).size(), 16U);
}

}  // namespace
}  // namespace accel::registry
