#include "accel/backend/object_store.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::backend {
namespace {

struct Address {
  const char* name;
  std::string endpoint, bucket, url;
};

ObjectStoreConfig config_of(const Address& address) {
  ObjectStoreConfig config;
  config.scheme = "https";
  config.endpoint = address.endpoint;
  config.bucket = address.bucket;
  config.region = "eu-west-1";
  config.credentials = {"id", "secret", ""};
  return config;
}

class S3Address : public ::testing::TestWithParam<Address> {};

TEST_P(S3Address, puts_the_bucket_where_the_endpoint_wants_it) {
  EXPECT_EQ(make_s3_store(config_of(GetParam())).url("p/k").to_string(), GetParam().url);
}

INSTANTIATE_TEST_SUITE_P(
    All, S3Address,
    ::testing::Values(
        Address{"default_endpoint", "", "b", "https://b.s3.eu-west-1.amazonaws.com/p/k"},
        Address{"global_endpoint", "s3.amazonaws.com", "b", "https://b.s3.eu-west-1.amazonaws.com/p/k"},
        Address{"aws_region", "s3.us-west-2.amazonaws.com", "b", "https://b.s3.us-west-2.amazonaws.com/p/k"},
        Address{"bucket_with_dots", "", "a.b", "https://s3.eu-west-1.amazonaws.com/a.b/p/k"},
        Address{"own_endpoint", "minio.local:9000", "b", "https://minio.local:9000/b/p/k"},
        Address{"own_endpoint_that_names_the_bucket", "b.store.example", "b", "https://b.store.example/p/k"}),
    [](const auto& one) { return std::string(one.param.name); });

class OssAddress : public ::testing::TestWithParam<Address> {};

TEST_P(OssAddress, puts_the_bucket_where_the_endpoint_wants_it) {
  EXPECT_EQ(make_oss_store(config_of(GetParam())).url("k").to_string(), GetParam().url);
}

INSTANTIATE_TEST_SUITE_P(All, OssAddress,
                         ::testing::Values(Address{"region", "oss-cn-hangzhou.aliyuncs.com", "b",
                                                   "https://b.oss-cn-hangzhou.aliyuncs.com/k"},
                                           Address{"named", "b.oss-cn-hangzhou.aliyuncs.com", "b",
                                                   "https://b.oss-cn-hangzhou.aliyuncs.com/k"},
                                           Address{"address", "127.0.0.1:80", "b", "https://127.0.0.1:80/b/k"},
                                           Address{"ipv6", "[2001:db8::1]", "b", "https://[2001:db8::1]/b/k"},
                                           Address{"local_name", "localhost:9000", "b", "https://localhost:9000/b/k"}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(ObjectStore, encodes_keys_but_not_their_slashes) {
  EXPECT_EQ(encode_key("a/b c+d/~é"), "a/b%20c%2Bd/~%C3%A9");
  EXPECT_EQ(encode_key(""), "");
  EXPECT_EQ(encode_key("a/"), "a/");
}

}  // namespace
}  // namespace accel::backend
