#include "accel/registry/blob_pull.hpp"

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

using testing::make_content;

class BlobPullTest : public FaultTest {};

TEST_F(BlobPullTest, a_transfer_that_breaks_goes_on_from_the_last_byte) {
  start();
  const Bytes content = make_content(1'000'000, 1);
  const auto blob = put(content);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}}) {
    testing::HttpReply broken{200, {}, to_string(content)};
    broken.cut_after = cut;
    broken.reset = cut == 1;
    registry_->script({"GET", "/blobs/", broken});
    EXPECT_EQ(pull(blob), content) << "cut after " << cut;
  }
  bool resumed = false;
  for (const auto& request : registry_->requests()) resumed |= request.header("range") == "bytes=300000-";
  EXPECT_TRUE(resumed);
}

TEST_F(BlobPullTest, many_breaks_are_survived_as_long_as_each_try_gets_further) {
  start();
  const Bytes content = make_content(1'000'000, 2);
  const auto blob = put(content);
  registry_->script(
      {"GET", "/blobs/", {}, 30, {}, false, false, [](const testing::HttpRequest&, testing::HttpReply& reply) {
         if (reply.body.size() > 30'000) reply.cut_after = 30'000;
       }});
  EXPECT_EQ(pull(blob), content);
  EXPECT_GE(registry_->count("GET", "/blobs/"), 20);
}

TEST_F(BlobPullTest, tries_without_progress_are_limited) {
  start();
  const auto blob = put(make_content(1000, 3));
  testing::HttpReply dead;
  dead.no_answer = true;
  registry_->script({"GET", "/blobs/", dead, 100});
  EXPECT_THROW(pull(blob), Unreachable);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), options_.max_attempts);
}

TEST_F(BlobPullTest, tries_to_go_on_are_limited_too) {
  start();
  const Bytes content = make_content(100'000, 3);
  const auto blob = put(content);
  testing::HttpReply broken{200, {}, to_string(content)};
  broken.cut_after = 50'000;
  registry_->script({"GET", "/blobs/", broken});
  registry_->script({"GET", "/blobs/", {503, {}, ""}, 100});
  EXPECT_THROW(pull(blob), RegistryError);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), options_.max_attempts);
}

TEST_F(BlobPullTest, a_server_that_ignores_ranges_is_read_again) {
  testing::FaultRegistry::Behaviour behaviour;
  behaviour.ignore_ranges = true;
  start(behaviour);
  const Bytes content = make_content(700'000, 4);
  const auto blob = put(content);
  testing::HttpReply broken{200, {}, to_string(content)};
  broken.cut_after = 300'001;
  registry_->script({"GET", "/blobs/", broken});
  EXPECT_EQ(pull(blob), content);
}

TEST_F(BlobPullTest, a_wrong_content_range_is_refused) {
  start();
  const Bytes content = make_content(500'000, 5);
  const auto blob = put(content);
  testing::HttpReply broken{200, {}, to_string(content)};
  broken.cut_after = 100;
  registry_->script({"GET", "/blobs/", broken});
  registry_->script(
      {"GET", "/blobs/", {206, {{"Content-Range", "bytes 99-499999/500000"}}, std::string(499'901, 'x')}});
  try {
    pull(blob);
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_NE(std::string(error.what()).find("asked for bytes from 100"), std::string::npos) << error.what();
  }
}

TEST_F(BlobPullTest, wrong_content_is_found_before_the_last_byte_is_given_out) {
  start();
  const auto blob = testing::describe_blob(make_content(300'000, 6));
  registry_->put_blob(blob.digest.to_string(), to_string(make_content(300'000, 7)));
  const auto stream = repository_->open_blob(blob, cancel_.token());
  Bytes block(300'000);
  std::size_t got = 0;
  EXPECT_THROW(
      {
        while (const std::size_t count = stream->read(block)) got += count;
      },
      DigestMismatch);
  EXPECT_LT(got, blob.size);
}

TEST_F(BlobPullTest, a_blob_of_another_size_is_refused_at_once) {
  start();
  auto blob = put(make_content(1000, 8));
  blob.size = 999;
  EXPECT_THROW(pull(blob), RegistryError);
  blob.size = 1001;
  EXPECT_THROW(pull(blob), RegistryError);
}

TEST_F(BlobPullTest, a_redirect_to_another_host_carries_no_credentials) {
  testing::FaultRegistry storage;
  const Bytes content = make_content(400'000, 9);
  const auto blob = testing::describe_blob(content);
  storage.put_blob(blob.digest.to_string(), to_string(content));
  testing::FaultRegistry::Behaviour behaviour;
  behaviour.blob_redirect = storage.url("/storage");
  registry_ = std::make_unique<testing::FaultRegistry>(behaviour);
  options_.hosts[registry_->host()].plain_http = true;
  options_.hosts[registry_->host()].auth = "dXNlcjpwYXNz";
  client_ = std::make_unique<Client>(options_);
  repository_ = open("app");
  registry_->script({"GET", "/blobs/", {401, {{"WWW-Authenticate", "Basic realm=\"x\""}}, ""}});
  EXPECT_EQ(pull(blob), content);
  EXPECT_EQ(registry_->requests().back().header("authorization"), "Basic dXNlcjpwYXNz");
  ASSERT_EQ(storage.requests().size(), 1U);
  EXPECT_EQ(storage.requests().back().header("authorization"), "");
}

TEST_F(BlobPullTest, redirects_in_a_circle_end) {
  start();
  registry_->script({"GET", "/blobs/", {307, {{"Location", "/v2/app/blobs/again"}}, ""}, 1000});
  EXPECT_THROW(pull(testing::describe_blob(make_content(10, 1))), RegistryError);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 11);
}

TEST_F(BlobPullTest, a_mirror_is_asked_first_and_the_host_when_it_fails) {
  testing::FaultRegistry mirror;
  options_.hosts[mirror.host()].plain_http = true;
  registry_ = std::make_unique<testing::FaultRegistry>();
  options_.hosts[registry_->host()].plain_http = true;
  options_.hosts[registry_->host()].mirrors = {mirror.host()};
  client_ = std::make_unique<Client>(options_);
  repository_ = open("app");
  const Bytes content = make_content(100'000, 10);
  const auto blob = put(content);
  EXPECT_EQ(pull(blob), content);
  EXPECT_EQ(mirror.count("GET", "/blobs/"), 1);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 1);
  mirror.put_blob(blob.digest.to_string(), to_string(content));
  EXPECT_EQ(pull(blob), content);
  EXPECT_EQ(registry_->count("GET", "/blobs/"), 1);
}

TEST_F(BlobPullTest, a_broken_mirror_is_replaced_in_the_middle_of_a_blob) {
  testing::FaultRegistry mirror;
  options_.hosts[mirror.host()].plain_http = true;
  registry_ = std::make_unique<testing::FaultRegistry>();
  options_.hosts[registry_->host()].plain_http = true;
  options_.hosts[registry_->host()].mirrors = {mirror.host()};
  client_ = std::make_unique<Client>(options_);
  repository_ = open("app");
  const Bytes content = make_content(500'000, 11);
  const auto blob = put(content);
  testing::HttpReply broken{200, {}, to_string(content)};
  broken.cut_after = 250'000;
  mirror.script({"GET", "/blobs/", broken});
  EXPECT_EQ(pull(blob), content);
  EXPECT_EQ(registry_->requests().back().header("range"), "bytes=250000-");
}

}  // namespace
}  // namespace accel::registry
