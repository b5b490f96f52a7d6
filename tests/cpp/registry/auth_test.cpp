// Authorisation against scripted registries and token servers; auth_registry_test.cpp has the real ones.
#include "accel/registry/auth.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"
#include "support/temp_directory.hpp"

namespace accel::registry {
namespace {

using testing::HttpReply;
using testing::HttpRequest;

/// A registry that wants the token its token server gave out last, and counts.
class TokenRegistry {
 public:
  TokenRegistry() : server_([this](const HttpRequest& request) { return handle(request); }) {}

  [[nodiscard]] std::string host() const { return server_.host(); }
  [[nodiscard]] std::string realm() const { return server_.url("/token"); }
  void expire() { ++generation_; }

  std::atomic<int> tokens{0}, refused{0};
  std::string expires_in = "300";
  std::function<HttpReply(const HttpRequest&)> token_server;  ///< instead of the built-in one
  std::mutex mutex;
  std::vector<HttpRequest> token_requests;

 private:
  HttpReply handle(const HttpRequest& request) {
    if (request.path() == "/token") {
      ++tokens;
      const std::lock_guard lock(mutex);
      token_requests.push_back(request);
      if (token_server) return token_server(request);
      return {200, {}, "{\"access_token\":\"t" + std::to_string(generation_) + "\",\"expires_in\":" + expires_in + "}"};
    }
    if (request.header("authorization") == "Bearer t" + std::to_string(generation_)) return {200, {}, ""};
    ++refused;
    const std::string name = request.path().substr(4, request.path().find("/blobs") - 4);
    return {401,
            {{"WWW-Authenticate",
              "Bearer realm=\"" + realm() + "\",service=\"reg\",scope=\"repository:" + name + ":pull\""}},
            ""};
  }

  std::atomic<int> generation_{1};
  testing::HttpServer server_;
};

class AuthTest : public ::testing::Test {
 protected:
  void make_client() {
    options_.docker_config_dir = directory_.path().string();
    options_.hosts[registry_.host()].plain_http = true;
    options_.max_attempts = 2;
    options_.backoff_base = std::chrono::milliseconds(1);
    client_ = std::make_unique<Client>(options_);
  }
  bool ask(const std::string& name) {
    return client_->repository(oci::Reference::parse(registry_.host() + "/" + name))->has_blob(blob_, {});
  }
  void write_config(const std::string& entry) {
    std::ofstream(directory_.path().string() + "/config.json")
        << "{\"auths\":{\"" << registry_.host() << "\":" << entry << "}}";
  }

  testing::TempDirectory directory_;
  TokenRegistry registry_;
  Options options_;
  std::unique_ptr<Client> client_;
  oci::Descriptor blob_ = testing::describe_blob(testing::make_content(10, 1));
};

TEST_F(AuthTest, one_token_serves_a_repository_until_it_expires) {
  make_client();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(ask("app"));
  EXPECT_EQ(registry_.tokens, 1);
  EXPECT_EQ(registry_.refused, 1);
  EXPECT_TRUE(ask("other"));
  EXPECT_EQ(registry_.tokens, 2);
  EXPECT_EQ(registry_.refused, 1);  // the challenge is known: the token is fetched beforehand
}

TEST_F(AuthTest, a_token_of_short_life_is_not_used_to_its_end) {
  registry_.expires_in = "1";
  make_client();
  EXPECT_TRUE(ask("app"));
  EXPECT_TRUE(ask("app"));
  EXPECT_GE(registry_.tokens, 2);
}

TEST_F(AuthTest, a_401_in_the_middle_of_a_job_renews_the_token_once) {
  make_client();
  EXPECT_TRUE(ask("app"));
  registry_.expire();
  EXPECT_TRUE(ask("app"));
  EXPECT_EQ(registry_.tokens, 2);
  EXPECT_EQ(registry_.refused, 2);
}

TEST_F(AuthTest, a_fresh_token_that_is_refused_is_the_end) {
  registry_.token_server = [](const HttpRequest&) { return HttpReply{200, {}, R"({"token":"useless"})"}; };
  make_client();
  EXPECT_THROW(ask("app"), Unauthorized);
  EXPECT_EQ(registry_.tokens, 1);
}

TEST_F(AuthTest, many_threads_fetch_one_token) {
  make_client();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { EXPECT_TRUE(ask("app")); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry_.tokens, 1);
}

TEST_F(AuthTest, the_token_server_gets_service_scope_account_and_password) {
  write_config(R"({"auth":"dTpwOndvcmQ="})");  // u:p:word
  make_client();
  EXPECT_TRUE(ask("app"));
  const auto& request = registry_.token_requests.at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.query("service"), "reg");
  EXPECT_EQ(request.query("scope"), "repository:app:pull");
  EXPECT_EQ(request.query("account"), "u");
  EXPECT_EQ(request.header("authorization"), "Basic dTpwOndvcmQ=");
}

TEST_F(AuthTest, anonymous_requests_send_no_authorization_to_the_token_server) {
  make_client();
  EXPECT_TRUE(ask("app"));
  EXPECT_EQ(registry_.token_requests.at(0).header("authorization"), "");
}

TEST_F(AuthTest, an_identity_token_is_exchanged_by_a_form) {
  write_config(R"({"auth":"dTpw","identitytoken":"re fresh"})");
  make_client();
  EXPECT_TRUE(ask("app"));
  const auto& request = registry_.token_requests.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body,
            "grant_type=refresh_token&service=reg&client_id=accel&scope=repository%3Aapp%3Apull"
            "&refresh_token=re%20fresh");
}

TEST_F(AuthTest, a_registry_token_is_used_as_it_is) {
  write_config(R"({"registrytoken":"t1"})");
  make_client();
  EXPECT_TRUE(ask("app"));
  EXPECT_EQ(registry_.tokens, 0);
}

TEST_F(AuthTest, a_mount_asks_for_both_repositories) {
  make_client();
  auto target = client_->repository(oci::Reference::parse(registry_.host() + "/target"));
  auto source = client_->repository(oci::Reference::parse(registry_.host() + "/source"));
  EXPECT_THROW(target->mount_blob(blob_, *source, {}), RegistryError);  // 200 is no answer to a mount
  const std::string target_text = registry_.token_requests.at(0).target;
  EXPECT_NE(target_text.find("scope=repository%3Asource%3Apull&scope=repository%3Atarget%3Apull%2Cpush"),
            std::string::npos)
      << target_text;
}

TEST_F(AuthTest, failures_of_the_token_server_are_its_own_errors) {
  struct Row {
    HttpReply reply;
    const char* part;
  };
  for (const Row& row : {Row{{401, {}, R"({"details":"incorrect username or password"})"}, "incorrect username"},
                         Row{{200, {}, "{}"}, "holds no token"}, Row{{200, {}, "no json"}, "holds no token"}}) {
    registry_.token_server = [&](const HttpRequest&) { return row.reply; };
    make_client();
    try {
      ask("app");
      FAIL() << row.part;
    } catch (const RegistryError& error) {
      EXPECT_NE(std::string(error.what()).find(row.part), std::string::npos) << error.what();
    }
  }
}

TEST_F(AuthTest, a_token_server_that_recovers_is_asked_again) {
  std::atomic<int> calls{0};
  registry_.token_server = [&](const HttpRequest&) {
    return ++calls == 1 ? HttpReply{503, {}, ""} : HttpReply{200, {}, R"({"token":"t1"})"};
  };
  make_client();
  EXPECT_TRUE(ask("app"));
}

TEST_F(AuthTest, one_connection_is_enough_when_registry_and_token_server_share_a_host) {
  options_.max_connections = 1;
  make_client();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this, i] { EXPECT_TRUE(ask("app" + std::to_string(i))); });
  for (auto& thread : threads) thread.join();
}

TEST(AuthDirect, credentials_never_go_to_a_token_server_without_encryption) {
  Options options;
  options.hosts["reg.example"].auth = "dTpw";
  Authenticator auth("reg.example", {nullptr, std::make_shared<CredentialStore>(options), system_clock(), "test"});
  const auto challenges = parse_challenges(R"(Bearer realm="http://token.example/")");
  EXPECT_THROW(auth.renew(challenges, {}, "", true, {}), RegistryError);
  EXPECT_THROW(auth.renew(parse_challenges(R"(Bearer realm="nonsense")"), {}, "", true, {}), RegistryError);
}

TEST(AuthDirect, basic_is_tried_once_and_unknown_schemes_not_at_all) {
  Options options;
  options.hosts["reg.example"].auth = "dTpw";
  Authenticator auth("reg.example", {nullptr, std::make_shared<CredentialStore>(options), system_clock(), "test"});
  const auto basic = parse_challenges("Negotiate, Basic realm=x");
  EXPECT_EQ(auth.authorization({}, {}), "");
  EXPECT_EQ(auth.renew(basic, {}, "", true, {}), "Basic dTpw");
  EXPECT_EQ(auth.authorization({}, {}), "Basic dTpw");
  EXPECT_EQ(auth.renew(basic, {}, "Basic dTpw", true, {}), "");
  EXPECT_EQ(auth.renew(parse_challenges("Negotiate"), {}, "", true, {}), "");
}

}  // namespace
}  // namespace accel::registry
