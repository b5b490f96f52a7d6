#include "accel/registry/api_error.hpp"

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

class ApiErrorTest : public FaultTest {
 protected:
  /// The error that one scripted answer to a manifest request becomes.
  template <class Expected>
  Expected catch_error(testing::HttpReply reply) {
    registry_->script({"GET", "/manifests/v1", std::move(reply), options_.max_attempts});
    try {
      repository_->get_manifest("v1", cancel_.token());
    } catch (const Expected& error) {
      return error;
    }
    throw std::logic_error("nothing was thrown");
  }
};

TEST_F(ApiErrorTest, the_registrys_own_words_and_the_request_are_in_the_text) {
  start();
  const auto error = catch_error<NotFound>(
      {404, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"v1"}}]})"});
  EXPECT_EQ(error.status(), 404);
  EXPECT_EQ(error.fields().code, "MANIFEST_UNKNOWN");
  EXPECT_EQ(error.fields().method, "GET");
  EXPECT_EQ(error.fields().url, registry_->url("/v2/app/manifests/v1"));
  EXPECT_FALSE(error.retryable());
  EXPECT_EQ(std::string(error.what()),
            "manifest v1 of " + registry_->host() + "/app: GET " + registry_->url("/v2/app/manifests/v1") +
                " answered 404 MANIFEST_UNKNOWN (manifest unknown); check the names of repository and tag");
}

TEST_F(ApiErrorTest, refusals_name_the_scope_and_the_remedy) {
  for (const int status : {401, 403}) {
    start();
    const auto error = catch_error<Unauthorized>({status, {}, R"({"errors":[{"code":"DENIED"}]})"});
    EXPECT_NE(std::string(error.what()).find("for scope repository:app:pull"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("accelctl doctor " + registry_->host()), std::string::npos);
    EXPECT_FALSE(error.retryable());
  }
}

TEST_F(ApiErrorTest, rate_limits_carry_their_pause) {
  start();
  const auto error = catch_error<RateLimited>({429, {{"Retry-After", "3600"}}, "slow down"});
  EXPECT_EQ(error.fields().retry_after, std::chrono::hours(1));
  EXPECT_TRUE(error.retryable());
  EXPECT_NE(std::string(error.what()).find("slow down"), std::string::npos);
  EXPECT_EQ(registry_->count("GET", "/manifests/"), 1);  // an hour is the caller's to wait
}

TEST_F(ApiErrorTest, what_can_pass_is_tried_again_and_what_cannot_is_not) {
  for (const int status :
       {400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 422, 429, 500, 501, 502, 503, 504, 505}) {
    const bool retried = status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
    EXPECT_EQ(is_retryable_status(status), retried) << status;
    start();
    catch_error<RegistryError>({status, {}, ""});
    EXPECT_EQ(registry_->count("GET", "/manifests/"), retried ? options_.max_attempts : 1) << status;
  }
}

TEST_F(ApiErrorTest, bodies_of_any_kind_are_survived) {
  struct Row {
    std::string body, part;
  };
  for (const Row& row : {Row{"", "answered 400"}, Row{"plain words\nsecond line", "(plain words)"},
                         Row{"<html><body>Bad Request</body></html>", "answered 400"}, Row{"{}", "answered 400"},
                         Row{R"({"errors":[]})", "answered 400"}, Row{R"({"errors":[1]})", "answered 400"},
                         Row{R"({"errors":"x"})", "answered 400"}, Row{R"({"details":"bad token"})", "(bad token)"},
                         Row{std::string(100'000, 'x'), "answered 400"}, Row{"[[[[[[", "([[[[[[)"}}) {
    start();
    const auto error = catch_error<RegistryError>({400, {}, row.body});
    EXPECT_NE(std::string(error.what()).find(row.part), std::string::npos) << error.what();
    EXPECT_LT(std::string(error.what()).size(), 600U);
  }
}

}  // namespace
}  // namespace accel::registry
