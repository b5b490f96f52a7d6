#include "accel/registry/blob_push.hpp"

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

using testing::make_content;

class BlobPushTest : public FaultTest {
 protected:
  void expect_stored(const oci::Descriptor& blob, const Bytes& content) {
    EXPECT_EQ(registry_->blob(blob.digest.to_string()), to_string(content));
    EXPECT_EQ(registry_->sessions(), 0U);
  }
};

constexpr std::size_t kLarge = 1'000'000;  // four chunks of 256 KiB

TEST_F(BlobPushTest, a_small_blob_is_one_request_and_none_when_it_is_there) {
  start();
  const Bytes content = make_content(256U << 10U, 1);
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PATCH", ""), 0);
  EXPECT_EQ(registry_->count("PUT", "digest=sha256"), 1);
  push(content);
  EXPECT_EQ(registry_->count("POST", ""), 1);
}

TEST_F(BlobPushTest, a_large_blob_goes_in_chunks_that_name_their_place) {
  start();
  const Bytes content = make_content(kLarge, 2);
  expect_stored(push(content), content);
  std::vector<std::string> ranges;
  for (const auto& request : registry_->requests()) {
    if (request.method == "PATCH") ranges.push_back(request.header("content-range"));
  }
  EXPECT_EQ(ranges, (std::vector<std::string>{"0-262143", "262144-524287", "524288-786431", "786432-999999"}));
}

TEST_F(BlobPushTest, existing_query_parameters_of_the_location_are_kept) {
  start();
  push(make_content(10, 3));
  EXPECT_EQ(registry_->count("PUT", "?state=a%2Fb&digest=sha256%3A"), 1);
}

TEST_F(BlobPushTest, an_interrupted_chunk_goes_on_where_the_registry_stopped) {
  for (const std::size_t kept : {std::size_t{0}, std::size_t{1000}, std::size_t{262'144}}) {
    start();
    const Bytes content = make_content(kLarge, 4);
    testing::HttpReply broken;
    broken.no_answer = true;
    broken.reset = true;
    testing::FaultRegistry::Fault fault{"PATCH", "/uploads/1", broken};
    fault.body_limit = kept;
    fault.keep_partial = true;
    registry_->script(fault);
    expect_stored(push(content), content);
    EXPECT_EQ(registry_->count("GET", "/uploads/1"), 1) << kept;
  }
}

TEST_F(BlobPushTest, an_answer_that_was_lost_after_the_chunk_arrived_is_recovered) {
  start();
  const Bytes content = make_content(kLarge, 5);
  testing::HttpReply lost;
  lost.no_answer = true;
  testing::FaultRegistry::Fault fault{"PATCH", "/uploads/1", lost};
  fault.act = true;
  registry_->script(fault);
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PATCH", ""), 4);
}

TEST_F(BlobPushTest, a_partly_accepted_chunk_is_completed) {
  start();
  const Bytes content = make_content(kLarge, 6);
  testing::FaultRegistry::Fault fault{"PATCH", "/uploads/1", {202, {{"Range", "0-99999"}}, ""}};
  fault.body_limit = 100'000;
  fault.keep_partial = true;
  fault.reply.close = true;
  registry_->script(fault);
  expect_stored(push(content), content);
}

TEST_F(BlobPushTest, a_range_that_stays_behind_is_not_believed) {
  // ECR answers the end of the first chunk to all that follow.
  start();
  const Bytes content = make_content(kLarge, 7);
  registry_->script(
      {"PATCH", "/uploads/1", {}, 10, {}, false, false, [](const testing::HttpRequest&, testing::HttpReply& reply) {
         for (auto& [name, value] : reply.headers) {
           if (name == "Range") value = "0-262143";
         }
       }});
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PATCH", ""), 4);
}

TEST_F(BlobPushTest, a_session_lost_in_the_first_chunk_is_begun_anew) {
  start();
  const Bytes content = make_content(kLarge, 8);
  testing::HttpReply broken;
  broken.no_answer = true;
  registry_->script({"PATCH", "/uploads/1", broken});
  registry_->script({"GET", "/uploads/1", {404, {}, ""}});
  const auto blob = push(content);
  EXPECT_EQ(registry_->blob(blob.digest.to_string()), to_string(content));
}

TEST_F(BlobPushTest, a_session_lost_later_is_an_error_that_says_so) {
  start();
  testing::HttpReply broken;
  broken.no_answer = true;
  auto writer = repository_->create_blob(0, cancel_.token());
  writer->write(make_content(600'000, 9));
  registry_->script({"PATCH", "/uploads/1", broken});
  registry_->script({"GET", "/uploads/1", {404, {}, ""}});
  try {
    writer->write(make_content(600'000, 9));
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_EQ(error.fields().code, "UPLOAD_LOST");
    EXPECT_TRUE(error.retryable());
    EXPECT_NE(std::string(error.what()).find("after 524288 bytes"), std::string::npos) << error.what();
  }
}

TEST_F(BlobPushTest, locations_on_another_host_are_followed_without_credentials) {
  testing::FaultRegistry other;
  start({.other_location = other.url("")});
  const Bytes content = make_content(10, 10);
  registry_->script({"POST", "/uploads/", {202, {{"Location", other.url("/v2/app/blobs/uploads/77")}}, ""}});
  other.script({"PUT", "/uploads/77", {201, {}, ""}});
  push(content);
  EXPECT_EQ(other.count("PUT", "/v2/app/blobs/uploads/77?digest=sha256%3A"), 1);
}

TEST_F(BlobPushTest, a_registry_that_takes_no_chunks_gets_one_streamed_request) {
  start({.chunked_uploads = false});
  const Bytes content = make_content(kLarge, 11);
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PATCH", ""), 2);  // the refused one and the streamed one
  const Bytes more = make_content(kLarge, 12);
  expect_stored(push(more), more);
  EXPECT_EQ(registry_->count("PATCH", ""), 3);  // the host is known by now
  for (const auto& request : registry_->requests()) {
    if (request.method == "PATCH" && request.header("content-range").empty()) {
      EXPECT_EQ(request.header("transfer-encoding"), "chunked");
    }
  }
}

TEST_F(BlobPushTest, a_chunk_above_the_registrys_size_limit_makes_it_stream) {
  // GHCR answers 416 for more than 4 MiB; progress stays where it was.
  start();
  const Bytes content = make_content(kLarge, 13);
  registry_->script({"PATCH", "/uploads/1", {416, {}, ""}});
  expect_stored(push(content), content);
}

TEST_F(BlobPushTest, a_refusal_of_the_second_chunk_is_an_error_that_another_try_overcomes) {
  start();
  const Bytes content = make_content(kLarge, 14);
  auto writer = repository_->create_blob(0, cancel_.token());
  writer->write(ByteView(content).first(300'000));
  registry_->script({"PATCH", "/uploads/1", {400, {}, ""}});
  try {
    writer->write(ByteView(content).subspan(300'000));
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_TRUE(error.retryable());
  }
  writer.reset();
  expect_stored(push(content), content);
}

TEST_F(BlobPushTest, a_streamed_upload_that_is_refused_early_throws_the_refusal) {
  start({.chunked_uploads = false});
  push(make_content(kLarge, 15));
  testing::FaultRegistry::Fault fault{"PATCH", "/uploads/", {413, {}, "too large"}};
  fault.reply.close = true;
  registry_->script(fault);
  auto writer = repository_->create_blob(0, cancel_.token());
  try {
    writer->write(make_content(3'000'000, 16));
    writer->commit(testing::describe_blob(make_content(3'000'000, 16)).digest, 3'000'000);
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_EQ(error.status(), 413) << error.what();
  }
}

TEST_F(BlobPushTest, an_early_413_of_a_large_chunk_is_reported_as_it_is) {
  options_.upload_chunk_bytes = 16U << 20U;
  start();
  testing::FaultRegistry::Fault fault{"P", "", {413, {}, "too large"}, 10};
  for (const char* method : {"PATCH", "PUT"}) {
    fault.method = method;
    fault.body_limit = 1000;
    registry_->script(fault);
  }
  try {
    push(make_content(10'000'000, 17));
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_EQ(error.status(), 413) << error.what();
    EXPECT_FALSE(error.retryable());
  }
}

TEST_F(BlobPushTest, an_early_401_of_a_large_body_is_answered_with_credentials) {
  options_.upload_chunk_bytes = 16U << 20U;
  registry_ = std::make_unique<testing::FaultRegistry>();
  options_.hosts[registry_->host()].plain_http = true;
  options_.hosts[registry_->host()].auth = "dTpw";
  client_ = std::make_unique<Client>(options_);
  repository_ = open("app");
  testing::FaultRegistry::Fault fault{"PUT", "/uploads/", {401, {{"WWW-Authenticate", "Basic realm=x"}}, ""}};
  fault.body_limit = 1000;
  registry_->script(fault);
  const Bytes content = make_content(10'000'000, 25);
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PUT", "/uploads/"), 2);
  EXPECT_EQ(registry_->count("POST", "/uploads/"), 1);
}

TEST_F(BlobPushTest, rate_limits_and_server_errors_are_waited_for) {
  start();
  const Bytes content = make_content(kLarge, 18);
  registry_->script({"POST", "/uploads/", {429, {{"Retry-After", "0"}}, ""}, 2});
  registry_->script({"PATCH", "/uploads/", {503, {}, ""}});
  registry_->script({"PUT", "/uploads/", {500, {}, ""}});
  expect_stored(push(content), content);
}

TEST_F(BlobPushTest, a_commit_whose_answer_was_lost_is_found_done) {
  for (const std::size_t size : {std::size_t{1000}, kLarge}) {
    start();
    const Bytes content = make_content(size, 19);
    testing::HttpReply lost;
    lost.no_answer = true;
    testing::FaultRegistry::Fault fault{"PUT", "/uploads/", lost, 2};  // the second time: no replay by the HTTP client
    fault.act = true;
    registry_->script(fault);
    const auto blob = push(content);
    EXPECT_EQ(registry_->blob(blob.digest.to_string()), to_string(content)) << size;
  }
}

TEST_F(BlobPushTest, a_wrong_digest_is_a_mismatch) {
  start();
  auto writer = repository_->create_blob(0, cancel_.token());
  writer->write(make_content(10, 20));
  const auto other = testing::describe_blob(make_content(10, 21));
  EXPECT_THROW(writer->commit(other.digest, 10), DigestMismatch);
  EXPECT_THROW(writer->commit(other.digest, 11), DigestMismatch);
}

TEST_F(BlobPushTest, an_abandoned_upload_is_deleted_even_when_it_was_cancelled) {
  start();
  {
    auto writer = repository_->create_blob(0, cancel_.token());
    writer->write(make_content(600'000, 22));
    EXPECT_EQ(registry_->sessions(), 1U);
    cancel_.cancel();
    EXPECT_THROW(writer->write(make_content(600'000, 22)), Cancelled);
  }
  EXPECT_EQ(registry_->sessions(), 0U);
}

TEST_F(BlobPushTest, the_registrys_least_chunk_size_is_respected) {
  start();
  registry_->script(
      {"POST", "/uploads/", {}, 1, {}, false, false, [](const testing::HttpRequest&, testing::HttpReply& reply) {
         reply.headers.emplace_back("OCI-Chunk-Min-Length", "500000");
       }});
  const Bytes content = make_content(kLarge, 23);
  expect_stored(push(content), content);
  EXPECT_EQ(registry_->count("PATCH", ""), 2);
}

TEST_F(BlobPushTest, a_refused_mount_leaves_no_session_behind) {
  start();
  EXPECT_FALSE(repository_->mount_blob(testing::describe_blob(make_content(10, 24)), *open("base"), cancel_.token()));
  EXPECT_EQ(registry_->sessions(), 0U);
  EXPECT_EQ(registry_->count("DELETE", "/uploads/"), 1);
  EXPECT_EQ(registry_->count("POST", "from=base"), 1);
}

}  // namespace
}  // namespace accel::registry
