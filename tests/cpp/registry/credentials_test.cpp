#include "accel/registry/credentials.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/registry/credential_helper.hpp"
#include "support/temp_directory.hpp"

namespace accel::registry {
namespace {

std::string basic(std::string_view pair) { return base64_encode(as_bytes(pair)); }

class CredentialsTest : public ::testing::Test {
 protected:
  void write_config(const std::string& text) { std::ofstream(directory() + "/config.json") << text; }

  Credentials lookup(const std::string& host) { return store().lookup(host, {}); }
  CredentialStore store() {
    Options options = options_;
    options.docker_config_dir = directory();
    return CredentialStore(options);
  }

  [[nodiscard]] std::string directory() const { return directory_.path().string(); }

  /// Puts a shell script docker-credential-NAME in front of PATH.
  void install_helper(const std::string& name, const std::string& script) {
    const std::string file = directory() + "/docker-credential-" + name;
    std::ofstream(file) << "#!/bin/sh\n" << script;
    ::chmod(file.c_str(), 0755);
    ::setenv("PATH", (directory() + ":" + path_).c_str(), 1);
  }

  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

  std::string path_ = std::getenv("PATH");
  testing::TempDirectory directory_;
  Options options_;
};

TEST_F(CredentialsTest, no_file_means_anonymous) { EXPECT_TRUE(lookup("reg.example").anonymous()); }

TEST_F(CredentialsTest, configuration_comes_before_the_docker_config) {
  write_config(R"({"auths":{"reg.example":{"auth":")" + basic("docker:x") + R"("}}})");
  EXPECT_EQ(lookup("reg.example").username, "docker");
  options_.hosts["reg.example"].auth = basic("configured:y");
  EXPECT_EQ(lookup("reg.example").username, "configured");
  EXPECT_TRUE(lookup("other.example").anonymous());
}

TEST_F(CredentialsTest, every_kind_of_entry_is_read) {
  struct Row {
    std::string entry;
    Credentials credentials;
  };
  for (const Row& row : {
           Row{R"({"auth":")" + basic("user:pass:with:colons") + R"("})", {"user", "pass:with:colons", "", ""}},
           Row{R"({"username":"u","password":"p"})", {"u", "p", "", ""}},
           Row{R"({"auth":")" + basic("a:b") + R"(","identitytoken":"id"})", {"a", "b", "id", ""}},
           Row{R"({"registrytoken":"rt"})", {"", "", "", "rt"}},
           Row{R"({"auth":")" + basic(std::string_view("u:p\0\0", 5)) + R"("})", {"u", "p", "", ""}},
           Row{R"({"auth":"","email":"x@y"})", {}},
           Row{"{}", {}},
       }) {
    write_config(R"({"auths":{"reg.example:5000":)" + row.entry + "}}");
    EXPECT_EQ(lookup("reg.example:5000"), row.credentials) << row.entry;
  }
}

TEST_F(CredentialsTest, keys_mean_their_host_however_they_are_written) {
  struct Row {
    const char *key, *host;
    bool found;
  };
  for (const Row& row : {
           Row{"reg.example", "reg.example", true},
           Row{"https://reg.example", "reg.example", true},
           Row{"https://reg.example/v1/", "reg.example", true},
           Row{"http://REG.example/v2/", "reg.example", true},
           Row{"reg.example:5000", "reg.example", false},
           Row{"reg.example", "reg.example:5000", false},
           Row{"https://index.docker.io/v1/", "docker.io", true},
           Row{"docker.io", "docker.io", true},
           Row{"registry-1.docker.io", "docker.io", true},
           Row{"https://index.docker.io/v1/", "reg.example", false},
       }) {
    write_config(std::string(R"({"auths":{")") + row.key + R"(":{"username":"u","password":"p"}}})");
    EXPECT_EQ(lookup(row.host).username == "u", row.found) << row.key << " " << row.host;
  }
}

TEST_F(CredentialsTest, an_exact_key_comes_before_a_similar_one) {
  write_config(R"({"auths":{"http://reg.example":{"username":"similar"},"reg.example":{"username":"exact"}}})");
  EXPECT_EQ(lookup("reg.example").username, "exact");
}

TEST_F(CredentialsTest, bad_files_are_errors_that_name_them_and_no_secret) {
  for (const std::string text :
       {"", "no json secret", "[]", R"({"auths":[]})", R"({"auths":{"reg.example":"secret"}})",
        R"({"auths":{"reg.example":{"auth":"!!secret!!"}}})", R"({"auths":{"reg.example":{"auth":"c2VjcmV0"}}})",
        R"({"auths":{"reg.example":{"auth":5}}})", R"({"credsStore":5})", R"({"credHelpers":{"reg.example":7}})"}) {
    write_config(text);
    try {
      lookup("reg.example");
      FAIL() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(directory() + "/config.json"), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
  }
}

TEST_F(CredentialsTest, the_place_of_the_file_follows_the_environment) {
  std::filesystem::create_directories(directory() + "/home/.docker");
  std::ofstream(directory() + "/home/.docker/config.json") << R"({"auths":{"h":{"username":"home"}}})";
  write_config(R"({"auths":{"h":{"username":"variable"}}})");
  const auto with = [&](std::map<std::string, std::string> environment) {
    return CredentialStore({},
                           [environment](const std::string& name) -> std::optional<std::string> {
                             const auto found = environment.find(name);
                             return found == environment.end() ? std::nullopt : std::optional(found->second);
                           })
        .lookup("h", {})
        .username;
  };
  EXPECT_EQ(with({{"HOME", directory() + "/home"}}), "home");
  EXPECT_EQ(with({{"HOME", directory() + "/home"}, {"DOCKER_CONFIG", directory()}}), "variable");
  EXPECT_EQ(with({}), "");
}

TEST_F(CredentialsTest, helpers_are_asked_for_the_host) {
  install_helper("fake",
                 R"(read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$1-$server\",\"Secret\":\"s:1\"}")");
  write_config(R"({"credHelpers":{"reg.example":"fake"},"auths":{"reg.example":{"username":"file"}}})");
  EXPECT_EQ(lookup("reg.example"), (Credentials{"get-reg.example", "s:1", "", ""}));
  EXPECT_TRUE(lookup("other.example").anonymous());
  write_config(R"({"credsStore":"fake"})");
  EXPECT_EQ(lookup("docker.io").username, "get-https://index.docker.io/v1/");
}

TEST_F(CredentialsTest, a_helpers_token_user_means_an_identity_token) {
  install_helper("fake", R"(cat >/dev/null; echo '{"Username":"<token>","Secret":"refresh"}')");
  write_config(R"({"credsStore":"fake"})");
  EXPECT_EQ(lookup("reg.example"), (Credentials{"", "", "refresh", ""}));
}

TEST_F(CredentialsTest, a_helper_that_knows_nothing_leaves_it_to_the_file) {
  install_helper("fake", "echo 'credentials not found in native keychain'; exit 1");
  write_config(R"({"credsStore":"fake","auths":{"reg.example":{"username":"file"}}})");
  EXPECT_EQ(lookup("reg.example").username, "file");
  EXPECT_TRUE(lookup("other.example").anonymous());
}

TEST_F(CredentialsTest, helpers_that_fail_are_errors_that_name_them) {
  for (const char* script : {"echo locked; exit 3", "echo nonsense", "echo '{\"Username\":\"u\"}'", "kill -9 $$",
                             "exit 0", "head -c 2000000 /dev/zero"}) {
    install_helper("fake", script);
    write_config(R"({"credsStore":"fake"})");
    try {
      lookup("reg.example");
      FAIL() << script;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("docker-credential-fake"), std::string::npos) << error.what();
    }
  }
  for (const char* name : {"no-such-helper", "../evil", "", "a b", "x;y"}) {
    EXPECT_THROW(run_credential_helper(name, "h", std::chrono::seconds(5), {}), ConfigError) << name;
  }
}

TEST_F(CredentialsTest, slow_helpers_are_ended_by_time_and_by_cancel) {
  install_helper("slow", "exec sleep 30");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(run_credential_helper("slow", "h", std::chrono::milliseconds(200), {}), ConfigError);
  CancelSource cancelled;
  cancelled.cancel();
  EXPECT_THROW(run_credential_helper("slow", "h", std::chrono::seconds(30), cancelled.token()), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace accel::registry
