// Repositories and tags, page by page: a real registry, and Harbor's API with the answers of a real one.
#include <gtest/gtest.h>

#include <set>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"
#include "support/docker_registry.hpp"
#include "support/sample_image.hpp"

namespace accel::registry {
namespace {

using testing::HttpReply;

class ListTest : public FaultTest {
 protected:
  void answer(const std::string& part, const std::string& body, const std::string& link = "") {
    HttpReply reply{200, {{"Content-Type", "application/json"}}, body};
    if (!link.empty()) reply.headers.emplace_back("Link", link);
    registry_->script({"GET", part, reply});
  }
  NamePage repositories(const std::string& from = "") {
    return client_->list_repositories(registry_->host(), "", from, cancel_.token());
  }
  NamePage projects(const std::string& from = "") {
    return client_->list_projects(registry_->host(), from, cancel_.token());
  }
  TagPage artifacts(const std::string& repository, const std::string& from = "") {
    const auto reference = oci::Reference::parse(registry_->host() + "/" + repository);
    return client_->list_tags(reference, true, from, cancel_.token());
  }
};

TEST_F(ListTest, the_catalog_is_followed_page_by_page) {
  start();
  answer("/v2/_catalog?n=1000", R"({"repositories":["a/x","b"]})", R"(</v2/_catalog?last=b&n=1000>; rel="next")");
  answer("last=b", R"({"repositories":["c"]})");
  const NamePage first = repositories();
  EXPECT_EQ(first.names, (std::vector<std::string>{"a/x", "b"}));
  const NamePage second = repositories(first.next);
  EXPECT_EQ(second.names, (std::vector<std::string>{"c"}));
  EXPECT_EQ(second.next, "");
}

TEST_F(ListTest, a_page_without_names_is_the_last_one) {
  start();
  answer("/v2/_catalog", R"({"repositories":null})", R"(</v2/_catalog?last=b>; rel="next")");
  EXPECT_EQ(repositories().next, "");
}

TEST_F(ListTest, hostile_lists_are_typed_errors) {
  start();
  for (const char* body : {"", "[]", R"({"repositories":1})", R"({"repositories":[1]})", R"({"repositories":[{}]})"}) {
    answer("_catalog", body);
    EXPECT_THROW(repositories(), FormatError) << body;
  }
  answer("_catalog", R"({"repositories":[")" + std::string(17U << 20U, 'a') + "\"]}");
  EXPECT_THROW(repositories(), FormatError);
  answer("_catalog", R"({"repositories":["a"]})", "<http://other.example/v2/_catalog?last=a>; rel=next");
  EXPECT_THROW(repositories(), RegistryError);
  EXPECT_THROW(repositories("http://other.example/v2/_catalog"), InvalidReference);
  EXPECT_THROW(repositories("nonsense"), InvalidReference);
  registry_->script({"GET", "_catalog", {401, {}, R"({"errors":[{"code":"UNAUTHORIZED"}]})"}});
  EXPECT_THROW(repositories(), Unauthorized);
}

TEST_F(ListTest, harbor_is_known_by_its_ping) {
  start();
  for (const auto& [reply, expected] : {std::pair{HttpReply{200, {}, "Pong"}, true},
                                        {HttpReply{200, {}, "<html>"}, false},
                                        {HttpReply{200, {}, std::string(5000, 'P')}, false},
                                        {HttpReply{404, {}, "404 page not found"}, false},
                                        {HttpReply{401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, ""}, false}}) {
    registry_->script({"GET", "/api/v2.0/ping", reply});
    EXPECT_EQ(client_->is_harbor(registry_->host(), cancel_.token()), expected) << reply.body.substr(0, 20);
  }
}

TEST_F(ListTest, harbors_projects_and_repositories_are_asked_for_with_the_password) {
  options_.docker_config_dir = "/nonexistent";
  start();
  options_.hosts[registry_->host()].auth = base64_encode(as_bytes(std::string("robot$ci:pass:word")));
  client_ = std::make_unique<Client>(options_);
  answer("/api/v2.0/projects?page_size=100", R"([{"name":"library","project_id":1},{"name":"my.team"}])",
         R"(</api/v2.0/projects?page=2&page_size=100>; rel="next")");
  answer("page=2", R"([{"name":"last"}])", R"(</api/v2.0/projects?page=1&page_size=100>; rel="prev")");
  const NamePage first = projects();
  EXPECT_EQ(first.names, (std::vector<std::string>{"library", "my.team"}));
  const NamePage second = projects(first.next);
  EXPECT_EQ(second.names, (std::vector<std::string>{"last"}));
  EXPECT_EQ(second.next, "");
  answer("/api/v2.0/projects/my.team/repositories?page_size=100", R"([{"id":3,"name":"my.team/web/app"}])");
  EXPECT_EQ(client_->list_repositories(registry_->host(), "my.team", "", cancel_.token()).names,
            (std::vector<std::string>{"my.team/web/app"}));
  for (const auto& request : registry_->requests()) {
    EXPECT_EQ(request.header("authorization"), "Basic cm9ib3QkY2k6cGFzczp3b3Jk") << request.target;
  }
}

TEST_F(ListTest, harbors_artifacts_give_their_tags_with_digests) {
  start();
  const std::string digest = "sha256:" + std::string(64, 'a'), other = "sha256:" + std::string(64, 'b');
  answer("/api/v2.0/projects/library/repositories/web%252Fapp/artifacts?with_tag=true&page_size=100",
         R"([{"digest":")" + digest + R"(","type":"IMAGE","tags":[{"name":"1"},{"name":"latest"}]},{"digest":")" +
             other + R"(","tags":null}])",
         R"(</api/v2.0/projects/library/repositories/web%252Fapp/artifacts?page=2>; rel="next")");
  answer("artifacts?page=2", "[]", R"(<?page=3>; rel="next")");
  const TagPage first = artifacts("library/web/app");
  EXPECT_EQ(first.tags, (std::vector<TagEntry>{{"1", digest}, {"latest", digest}}));
  const TagPage second = artifacts("library/web/app", first.next);
  EXPECT_TRUE(second.tags.empty());
  EXPECT_EQ(second.next, "");
  EXPECT_THROW(artifacts("noproject"), InvalidReference);
  answer("artifacts", R"([{"digest":"nonsense","tags":[{"name":"1"}]}])");
  EXPECT_THROW(artifacts("library/app"), Error);
  answer("artifacts", R"([{"tags":[{"name":"1"}]}])");
  EXPECT_THROW(artifacts("library/app"), FormatError);
}

TEST_F(ListTest, a_harbor_that_refuses_our_account_says_so) {
  start();
  registry_->script({"GET", "/api/v2.0/projects", {403, {}, R"({"errors":[{"code":"FORBIDDEN"}]})"}});
  EXPECT_THROW(projects(), Unauthorized);
}

TEST(RealRegistryListTest, a_registry_tells_its_repositories_and_their_tags) {
  if (!testing::DockerRegistry::available()) GTEST_SKIP() << testing::DockerRegistry::kMissing;
  const testing::DockerRegistry registry;
  Client client(Options{});
  const CancelToken cancel;
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i) {
    names.insert("team/app" + std::to_string(i));
    const auto reference = oci::Reference::parse(registry.host() + "/team/app" + std::to_string(i));
    testing::put_image(*client.repository(reference), "v" + std::to_string(i), "content");
  }
  EXPECT_FALSE(client.is_harbor(registry.host(), cancel));
  std::set<std::string> found;
  // Pages of two, as the registry makes them for one who asks so.
  std::string next = "http://" + registry.host() + "/v2/_catalog?n=2";
  int pages = 0;
  for (; !next.empty(); ++pages) {
    const NamePage page = client.list_repositories(registry.host(), "", next, cancel);
    found.insert(page.names.begin(), page.names.end());
    next = page.next;
  }
  EXPECT_EQ(found, names);
  EXPECT_EQ(pages, 3);
  const auto reference = oci::Reference::parse(registry.host() + "/team/app3");
  EXPECT_EQ(client.list_tags(reference, false, "", cancel).tags, (std::vector<TagEntry>{{"v3", ""}}));
  EXPECT_THROW(client.list_tags(oci::Reference::parse(registry.host() + "/absent"), false, "", cancel), NotFound);
}

}  // namespace
}  // namespace accel::registry
