#include "accel/convert/config_compare.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::convert {
namespace {

struct Case {
  const char* name;
  const char* source;
  const char* target;
  const char* field;  ///< of the one difference; "" when equal
};

class ConfigCompare : public ::testing::TestWithParam<Case> {};

TEST_P(ConfigCompare, finds_what_a_container_would_see) {
  const auto differences = compare_configs(GetParam().source, GetParam().target);
  if (std::string_view(GetParam().field).empty()) {
    EXPECT_TRUE(differences.empty()) << differences.front().field;
    return;
  }
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].field, GetParam().field);
  EXPECT_EQ(differences[0].path, "config");
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigCompare,
    ::testing::Values(
        Case{"same", R"({"config":{"Env":["A=1"],"User":"x"}})", R"({"config":{"User":"x","Env":["A=1"]}})", ""},
        Case{"spelling", R"({"config":{"User":"\u0061"}})", R"({ "config": {"User": "a"} })", ""},
        Case{"order_of_labels", R"({"config":{"Labels":{"a":"1","b":"2"}}})",
             R"({"config":{"Labels":{"b":"2","a":"1"}}})", ""},
        Case{"null_and_absent", R"({"config":{"Cmd":null,"Labels":{},"User":""}})", R"({"config":{}})", ""},
        Case{"no_config_at_all", R"({"config":null})", R"({})", ""},
        Case{"parent_image", R"({"config":{"Image":"a"}})", R"({"config":{"Image":"b"}})", ""},
        Case{"history_and_rootfs", R"({"history":[],"rootfs":{}})", R"({"history":[{"a":1}],"rootfs":{"diff_ids":[]}})",
             ""},
        Case{"order_of_env", R"({"config":{"Env":["A=1","B=2"]}})", R"({"config":{"Env":["B=2","A=1"]}})", "Env"},
        Case{"cmd", R"({"config":{"Cmd":["a"]}})", R"({"config":{"Cmd":["b"]}})", "Cmd"},
        Case{"lost_entrypoint", R"({"config":{"Entrypoint":["a"]}})", R"({"config":{}})", "Entrypoint"},
        Case{"unknown_member", R"({"config":{"New":{"x":1}}})", R"({"config":{"New":{"x":2}}})", "New"},
        Case{"architecture", R"({"architecture":"amd64"})", R"({"architecture":"arm64"})", "architecture"},
        Case{"os_features", R"({"os.features":["a"]})", R"({})", "os.features"}),
    [](const auto& test) { return test.param.name; });

TEST(ConfigCompareErrors, text_that_is_no_object_is_refused) {
  EXPECT_THROW(compare_configs("[]", "{}"), FormatError);
  EXPECT_THROW(compare_configs("{}", "{"), FormatError);
}

}  // namespace
}  // namespace accel::convert
