// The examples that AWS and Alibaba Cloud publish for their signatures.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "accel/backend/dates.hpp"
#include "accel/backend/oss_signature.hpp"
#include "accel/backend/sigv4.hpp"

namespace accel::backend {
namespace {

using std::chrono::system_clock;

system_clock::time_point at(int year, unsigned month, unsigned day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

const Credentials kAwsExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

net::Request aws_request(const std::string& method, const std::string& target) {
  net::Request request;
  request.method = method;
  request.url = *net::Url::parse("https://examplebucket.s3.amazonaws.com" + target);
  return request;
}

std::string aws_authorization(net::Request request) {
  SigV4Signer(kAwsExample, "us-east-1").sign(request, "", at(2013, 5, 24, 0, 0, 0));
  return std::string(request.headers.get("Authorization"));
}

std::string aws_expected(const std::string& fields, const std::string& signature) {
  return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" + fields +
         ",Signature=" + signature;
}

// docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature calculations".
TEST(SigV4, signs_the_get_object_example) {
  net::Request request = aws_request("GET", "/test.txt");
  request.headers.add("Range", "bytes=0-9");
  EXPECT_EQ(aws_authorization(request),
            aws_expected("host;range;x-amz-content-sha256;x-amz-date",
                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(SigV4, signs_the_put_object_example) {
  const std::string body = "Welcome to Amazon S3.";
  net::Request request = aws_request("PUT", "/test%24file.text");
  request.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  request.body = as_bytes(body);
  EXPECT_EQ(aws_authorization(request),
            aws_expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(SigV4, signs_the_example_with_a_parameter_without_value) {
  EXPECT_EQ(aws_authorization(aws_request("GET", "/?lifecycle")),
            aws_expected("host;x-amz-content-sha256;x-amz-date",
                         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(SigV4, sorts_parameters_as_in_the_list_objects_example) {
  const std::string expected = aws_expected("host;x-amz-content-sha256;x-amz-date",
                                            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  EXPECT_EQ(aws_authorization(aws_request("GET", "/?max-keys=2&prefix=J")), expected);
  EXPECT_EQ(aws_authorization(aws_request("GET", "/?prefix=J&max-keys=2")), expected);
}

TEST(SigV4, leaves_large_bodies_to_tls_and_hashes_them_without_it) {
  const std::string body(1U << 20U, 'x');
  net::Request request = aws_request("PUT", "/big");
  request.body = as_bytes(body);
  const SigV4Signer signer(kAwsExample, "us-east-1");
  signer.sign(request, "", at(2013, 5, 24, 0, 0, 0));
  EXPECT_EQ(request.headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  request.url.scheme = "http";
  signer.sign(request, "", at(2013, 5, 24, 0, 0, 0));
  // sha256sum of 1 MiB of 'x'
  EXPECT_EQ(request.headers.get("x-amz-content-sha256"),
            "8f990ba0b577b51cf009ea049368c16bbda1b21e1b93be07a824758bb253c39b");
}

TEST(SigV4, sends_and_signs_the_token_of_temporary_credentials) {
  net::Request request = aws_request("GET", "/");
  Credentials temporary = kAwsExample;
  temporary.session_token = "token+/=";
  SigV4Signer(temporary, "eu-west-1").sign(request, "", at(2026, 1, 2, 3, 4, 5));
  EXPECT_EQ(request.headers.get("x-amz-security-token"), "token+/=");
  EXPECT_EQ(request.headers.get("x-amz-date"), "20260102T030405Z");
  const std::string authorization(request.headers.get("Authorization"));
  EXPECT_NE(authorization.find("/20260102/eu-west-1/s3/aws4_request"), std::string::npos);
  EXPECT_NE(authorization.find("x-amz-date;x-amz-security-token"), std::string::npos);
}

TEST(SigV4, gives_another_signature_at_another_try) {
  net::Request request = aws_request("GET", "/");
  const SigV4Signer signer(kAwsExample, "us-east-1");
  signer.sign(request, "", at(2013, 5, 24, 0, 0, 0));
  const std::string first(request.headers.get("Authorization"));
  request.headers.remove("Authorization");
  signer.sign(request, "", at(2013, 5, 24, 0, 0, 1));
  EXPECT_NE(request.headers.get("Authorization"), first);
}

// help.aliyun.com, "Include signatures in the Authorization header" (version 1), example of PutObject.
TEST(OssSignature, signs_the_documented_example) {
  net::Request request;
  request.method = "PUT";
  request.url = *net::Url::parse("https://oss-example.oss-cn-hangzhou.aliyuncs.com/nelson");
  request.headers.add("Content-MD5", "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=");
  request.headers.add("Content-Type", "text/html");
  request.headers.add("X-OSS-Meta-Author", "foo@bar.com");
  request.headers.add("X-OSS-Magic", "abracadabra");
  OssSigner({"44CF9590006BF252F707", "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV", ""})
      .sign(request, "/oss-example/nelson", at(2005, 11, 17, 18, 49, 58));
  EXPECT_EQ(request.headers.get("Date"), "Thu, 17 Nov 2005 18:49:58 GMT");
  EXPECT_EQ(request.headers.get("Authorization"), "OSS 44CF9590006BF252F707:26NBxoKdsyly4EDv6inkoDft/yA=");
}

TEST(Dates, are_written_in_utc_with_all_digits) {
  EXPECT_EQ(basic_date_time(at(2026, 2, 3, 4, 5, 6)), "20260203T040506Z");
  EXPECT_EQ(http_date(at(2026, 2, 3, 4, 5, 6)), "Tue, 03 Feb 2026 04:05:06 GMT");
  EXPECT_EQ(http_date(at(2024, 2, 29, 23, 59, 59)), "Thu, 29 Feb 2024 23:59:59 GMT");
}

}  // namespace
}  // namespace accel::backend
