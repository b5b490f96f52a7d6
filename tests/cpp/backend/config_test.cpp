#include "accel/backend/config.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "accel/backend/backend.hpp"
#include "accel/base/error.hpp"

namespace accel::backend {
namespace {

net::GetEnv environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

const net::GetEnv kNoEnvironment = environment({});

TEST(S3Config, takes_the_keys_of_the_reference) {
  const auto config = parse_s3_config(
      R"({"access_key_id": "id", "access_key_secret": "secret", "endpoint": "localhost:9000", "scheme": "http",
          "bucket_name": "blobs", "region": "us-east-1", "object_prefix": "path/to/"})",
      kNoEnvironment);
  EXPECT_EQ(config.credentials.key_id, "id");
  EXPECT_EQ(config.credentials.secret, "secret");
  EXPECT_EQ(config.endpoint, "localhost:9000");
  EXPECT_EQ(config.scheme, "http");
  EXPECT_EQ(config.bucket, "blobs");
  EXPECT_EQ(config.region, "us-east-1");
  EXPECT_EQ(config.prefix, "path/to/");
  EXPECT_FALSE(config.tls.insecure);
}

TEST(S3Config, takes_scheme_from_the_endpoint_and_https_by_default) {
  const net::GetEnv env =
      environment({{"AWS_ACCESS_KEY_ID", "i"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "r"}});
  EXPECT_EQ(parse_s3_config(R"({"bucket_name": "b"})", env).scheme, "https");
  const auto config = parse_s3_config(R"({"bucket_name": "b", "endpoint": "http://Host:81/"})", env);
  EXPECT_EQ(config.scheme, "http");
  EXPECT_EQ(config.endpoint, "host:81");
}

TEST(S3Config, takes_credentials_and_region_of_the_environment_when_it_has_none) {
  const net::GetEnv env = environment({{"AWS_ACCESS_KEY_ID", "env-id"},
                                       {"AWS_SECRET_ACCESS_KEY", "env-secret"},
                                       {"AWS_SESSION_TOKEN", "env-token"},
                                       {"AWS_DEFAULT_REGION", "eu-west-1"}});
  const auto config = parse_s3_config(R"({"bucket_name": "b", "access_key_id": "", "region": null})", env);
  EXPECT_EQ(config.credentials.key_id, "env-id");
  EXPECT_EQ(config.credentials.secret, "env-secret");
  EXPECT_EQ(config.credentials.session_token, "env-token");
  EXPECT_EQ(config.region, "eu-west-1");
  // Those of the configuration win as a pair: no token of another pair comes with them.
  const auto own =
      parse_s3_config(R"({"bucket_name": "b", "access_key_id": "id", "access_key_secret": "secret"})", env);
  EXPECT_EQ(own.credentials.key_id, "id");
  EXPECT_EQ(own.credentials.session_token, "");
}

TEST(OssConfig, takes_the_keys_of_the_reference_and_the_variables_of_its_tools) {
  const auto config =
      parse_oss_config(R"({"endpoint": "oss-cn-hangzhou.aliyuncs.com", "bucket_name": "b", "access_key_id": "id",
                           "access_key_secret": "secret", "object_prefix": "nydus/"})",
                       kNoEnvironment);
  EXPECT_EQ(config.endpoint, "oss-cn-hangzhou.aliyuncs.com");
  EXPECT_EQ(config.scheme, "https");
  EXPECT_EQ(config.prefix, "nydus/");
  const std::string bare = R"({"endpoint": "e", "bucket_name": "b"})";
  EXPECT_EQ(parse_oss_config(bare, environment({{"OSS_ACCESS_KEY_ID", "o"}, {"OSS_ACCESS_KEY_SECRET", "s"}}))
                .credentials.key_id,
            "o");
  EXPECT_EQ(parse_oss_config(bare, environment({{"ALIBABA_CLOUD_ACCESS_KEY_ID", "a"},
                                                {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s"},
                                                {"ALIBABA_CLOUD_SECURITY_TOKEN", "t"}}))
                .credentials.session_token,
            "t");
}

TEST(LocalfsConfig, needs_a_directory) {
  EXPECT_EQ(parse_localfs_config(R"({"dir": "/blobs"})").dir, "/blobs");
  EXPECT_THROW(parse_localfs_config("{}"), ConfigError);
}

struct Bad {
  const char* name;
  const char* type;
  std::string config;
  std::string message;  ///< what the error must name
};

class BadConfig : public ::testing::TestWithParam<Bad> {};

TEST_P(BadConfig, is_an_error_that_names_the_key) {
  Options options;
  options.get_env = kNoEnvironment;
  try {
    make_backend(GetParam().type, GetParam().config, false, options);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(GetParam().message), std::string::npos) << text;
    EXPECT_EQ(text.find("s3cr3t"), std::string::npos) << text;
  }
}

std::string s3(const std::string& more) {
  return R"({"bucket_name": "b", "region": "r", "access_key_id": "id", "access_key_secret": "s3cr3t")" + more + "}";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadConfig,
    ::testing::Values(
        Bad{"unknown_type", "gcs", "{}", "known types: oss, s3, localfs"},
        Bad{"no_json", "s3", R"({"access_key_secret": "s3cr3t",)", "backend_config of s3"},
        Bad{"no_object", "s3", R"(["s3cr3t"])", "backend_config of s3"},
        Bad{"unknown_key", "s3", s3(R"(, "bucket": "b")"), "\"bucket\""},
        Bad{"twice", "s3", s3(R"(, "region": "r")"), "\"region\""},
        Bad{"no_bucket", "s3", R"({"region": "r"})", "\"bucket_name\""},
        Bad{"bucket_with_slash", "s3", R"({"bucket_name": "a/b", "region": "r"})", "\"bucket_name\""},
        Bad{"no_region", "s3", R"({"bucket_name": "b", "access_key_id": "i", "access_key_secret": "s3cr3t"})",
            "region"},
        Bad{"region_that_is_none", "s3", R"({"bucket_name": "b", "region": "a/b"})", "\"region\""},
        Bad{"half_credentials", "s3", R"({"bucket_name": "b", "region": "r", "access_key_secret": "s3cr3t"})",
            "\"access_key_id\""},
        Bad{"no_credentials", "s3", R"({"bucket_name": "b", "region": "r"})", "AWS_ACCESS_KEY_ID"},
        Bad{"secret_that_is_no_string", "s3", R"({"bucket_name": "b", "region": "r", "access_key_secret": ["s3cr3t"]})",
            "\"access_key_secret\""},
        Bad{"scheme_that_is_none", "s3", s3(R"(, "scheme": "ftp")"), "\"scheme\""},
        Bad{"two_schemes", "s3", s3(R"(, "scheme": "https", "endpoint": "http://h")"), "\"scheme\""},
        Bad{"endpoint_with_a_path", "s3", s3(R"(, "endpoint": "h/p")"), "\"endpoint\""},
        Bad{"endpoint_with_a_user", "s3", s3(R"(, "endpoint": "u:s3cr3t@h")"), "\"endpoint\""},
        Bad{"prefix_with_a_slash_first", "s3", s3(R"(, "object_prefix": "/a")"), "\"object_prefix\""},
        Bad{"prefix_that_climbs", "s3", s3(R"(, "object_prefix": "a/../b")"), "\"object_prefix\""},
        Bad{"prefix_with_control_characters", "s3", s3(R"(, "object_prefix": "a\nb")"), "\"object_prefix\""},
        Bad{"prefix_without_end", "s3", s3(R"(, "object_prefix": ")" + std::string(1000, 'p') + "\""),
            "\"object_prefix\""},
        Bad{"switch_that_is_none", "s3", s3(R"(, "skip_verify": "maybe")"), "\"skip_verify\""},
        Bad{"oss_without_endpoint", "oss", R"({"bucket_name": "b"})", "\"endpoint\""},
        Bad{"oss_without_credentials", "oss", R"({"bucket_name": "b", "endpoint": "e"})", "OSS_ACCESS_KEY_ID"},
        Bad{"localfs_without_dir", "localfs", "{}", "\"dir\""},
        Bad{"localfs_with_a_key_of_others", "localfs", R"({"dir": "/d", "bucket_name": "b"})", "\"bucket_name\""}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace accel::backend
