// Blobs on their way into an object store that fails on request.
#include <gmock/gmock.h>

#include <thread>

#include "accel/base/error.hpp"
#include "backend/store_fixture.hpp"
#include "support/object_server.hpp"

namespace accel::backend {
namespace {

using testing::HttpReply;
using testing::ObjectServer;

class ObjectWriterTest : public StoreTest, public ::testing::WithParamInterface<const char*> {
 protected:
  ObjectWriterTest() {
    options_.part_bytes = 100'000;
    options_.parallel_parts = 3;
  }

  std::shared_ptr<BlobBackend> open(bool force_push = false) {
    const std::string region = GetParam() == std::string("s3") ? R"(, "region": "r")" : "";
    return make_backend(GetParam(),
                        R"({"scheme": "http", "bucket_name": "bucket", "object_prefix": "pre/", "access_key_id": "id",
                            "access_key_secret": "s3cr3t", "endpoint": ")" +
                            store_.host() + "\"" + region + "}",
                        force_push, options_);
  }

  static std::string path(const oci::Descriptor& blob) { return "/bucket/pre/" + blob.digest.hex(); }

  void expect_only(const oci::Descriptor& blob, const Bytes& content) {
    const auto objects = store_.objects();
    ASSERT_EQ(objects.size(), 1U);
    EXPECT_EQ(objects.begin()->first, path(blob));
    EXPECT_TRUE(objects.begin()->second == as_text(content));
    EXPECT_EQ(store_.uploads(), 0U);
  }
  void expect_nothing() {
    EXPECT_TRUE(store_.objects().empty());
    EXPECT_EQ(store_.uploads(), 0U);
  }

  ObjectServer store_;
  const Bytes small_ = testing::make_content(99'999, 1);
  const Bytes large_ = testing::make_content(1'234'567, 2);
};

TEST_P(ObjectWriterTest, small_blob_is_one_request_after_the_question) {
  const auto backend = open();
  const auto blob = push(*backend, small_);
  expect_only(blob, small_);
  EXPECT_EQ(store_.requests().size(), 2U);
  EXPECT_EQ(store_.count("HEAD", blob.digest.hex()), 1);
  EXPECT_EQ(pull(*backend, blob), small_);
}

TEST_P(ObjectWriterTest, blob_of_exactly_one_part_is_small) {
  const Bytes content = testing::make_content(100'000, 3);
  expect_only(push(*open(), content), content);
  EXPECT_EQ(store_.count("POST", ""), 0);
}

TEST_P(ObjectWriterTest, empty_blob_is_an_empty_object) { expect_only(push(*open(), {}), {}); }

TEST_P(ObjectWriterTest, large_blob_goes_in_parts_under_another_name_and_is_renamed) {
  const auto backend = open();
  const auto blob = push(*backend, large_);
  expect_only(blob, large_);
  EXPECT_EQ(store_.count("PUT", "partNumber="), 13);
  EXPECT_EQ(store_.count("PUT", "/pre/.accel-upload-"), 13);
  EXPECT_EQ(pull(*backend, blob), large_);
}

TEST_P(ObjectWriterTest, parts_under_way_are_bounded_over_all_blobs) {
  const auto backend = open();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { push(*backend, testing::make_content(800'000, 10 + i)); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store_.objects().size(), 4U);
  EXPECT_GT(store_.most_parts_at_once(), 1);
  EXPECT_LE(store_.most_parts_at_once(), 3);
}

TEST_P(ObjectWriterTest, object_too_large_to_copy_at_once_is_copied_in_parts) {
  options_.max_copy_bytes = 500'000;
  const auto blob = push(*open(), large_);
  expect_only(blob, large_);
  EXPECT_EQ(store_.count("PUT", blob.digest.hex() + "?partNumber="), 3);
}

TEST_P(ObjectWriterTest, object_of_the_same_size_is_not_sent_again) {
  const auto blob = testing::describe_blob(small_);
  store_.put(path(blob), std::string(blob.size, 'o'));
  EXPECT_TRUE(open()->has_blob(blob.digest, blob.size, {}));
  push(*open(), small_);
  EXPECT_EQ(store_.count("PUT", ""), 0);
}

TEST_P(ObjectWriterTest, parts_of_a_blob_that_turns_out_to_be_there_are_dropped) {
  const auto blob = testing::describe_blob(large_);
  const std::string other(blob.size, 'o');
  store_.put(path(blob), other);
  push(*open(), large_);
  EXPECT_EQ(store_.uploads(), 0U);
  EXPECT_EQ(store_.objects(), (std::map<std::string, std::string>{{path(blob), other}}));
}

TEST_P(ObjectWriterTest, force_push_sends_again) {
  const auto blob = testing::describe_blob(large_);
  store_.put(path(blob), std::string(blob.size, 'o'));
  EXPECT_FALSE(open(true)->has_blob(blob.digest, blob.size, {}));
  EXPECT_EQ(open(true)->stat_blob(blob.digest, {}), blob.size);
  push(*open(true), large_);
  expect_only(blob, large_);
}

TEST_P(ObjectWriterTest, object_of_another_size_is_replaced) {
  const auto blob = testing::describe_blob(small_);
  store_.put(path(blob), "half");
  push(*open(), small_);
  expect_only(blob, small_);
}

struct Passing {
  const char* name;
  ObjectServer::Fault fault;
};

std::vector<Passing> passing_faults() {
  HttpReply cut;
  cut.no_answer = true;
  cut.reset = true;
  HttpReply late_error = ObjectServer::refusal(200, "InternalError");
  return {
      {"500 to a part", {"PUT", "partNumber=3", ObjectServer::refusal(500, "InternalError")}},
      {"503 SlowDown three times", {"PUT", "partNumber=3", ObjectServer::refusal(503, "SlowDown"), 3}},
      {"400 RequestTimeout", {"PUT", "partNumber=2", ObjectServer::refusal(400, "RequestTimeout")}},
      {"connection cut in a part", {"PUT", "partNumber=5", cut, 1, 40'000}},
      {"connection cut in two parts", {"PUT", "partNumber=", cut, 2, 1}},
      {"answer to a part lost", {"PUT", "partNumber=4", cut, 2, std::nullopt, true}},
      {"500 to the beginning", {"POST", "?uploads", ObjectServer::refusal(500, "InternalError")}},
      {"error after 200 at the end", {"POST", "?uploadId=", late_error}},
      {"answer to the end lost", {"POST", "?uploadId=", cut, 2, std::nullopt, true}},
      {"answer to the copy lost", {"PUT", "/bucket/pre/", cut, 0}},  // set below
      {"503 to the deletion", {"DELETE", "/bucket/pre/.accel-upload-", HttpReply{503, {}, ""}, 2}},
  };
}

TEST_P(ObjectWriterTest, faults_that_pass_do_not_show) {
  const auto blob = testing::describe_blob(large_);
  for (auto [name, fault] : passing_faults()) {
    SCOPED_TRACE(name);
    if (fault.times == 0) fault = {"PUT", "/bucket/pre/" + blob.digest.hex(), fault.reply, 2, std::nullopt, true};
    store_.script(fault);
    push(*open(true), large_);
    expect_only(blob, large_);
  }
}

struct Lasting {
  const char* name;
  ObjectServer::Fault fault;
  int status;
  const char* code;
};

TEST_P(ObjectWriterTest, faults_that_stay_leave_neither_object_nor_upload) {
  const std::vector<Lasting> faults = {
      {"part refused", {"PUT", "partNumber=3", ObjectServer::refusal(403, "AccessDenied")}, 403, "AccessDenied"},
      {"part fails for ever",
       {"PUT", "partNumber=3", ObjectServer::refusal(500, "InternalError"), 99},
       500,
       "InternalError"},
      {"end refused", {"POST", "?uploadId=", ObjectServer::refusal(400, "InvalidPart")}, 400, "InvalidPart"},
      {"end fails after 200",
       {"POST", "?uploadId=", ObjectServer::refusal(200, "InternalError"), 99},
       200,
       "InternalError"},
      {"copy refused", {"PUT", "", ObjectServer::refusal(403, "AccessDenied")}, 403, "AccessDenied"},
  };
  const auto blob = testing::describe_blob(large_);
  for (auto lasting : faults) {
    SCOPED_TRACE(lasting.name);
    if (lasting.fault.part.empty()) lasting.fault.part = blob.digest.hex();
    ObjectServer::Fault& fault = lasting.fault;
    store_.script(fault);
    try {
      push(*open(), large_);
      ADD_FAILURE() << "pushed";
    } catch (const RegistryError& error) {
      EXPECT_EQ(error.status(), lasting.status);
      EXPECT_EQ(error.fields().code, lasting.code);
      EXPECT_EQ(std::string(error.what()).find("s3cr3t"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("://bucket/pre/"), std::string::npos) << error.what();
    }
    store_.behave();
    expect_nothing();
  }
}

TEST_P(ObjectWriterTest, fault_of_the_question_that_passes_does_not_show) {
  store_.script({"HEAD", "", HttpReply{503, {}, ""}, 2});
  expect_only(push(*open(), small_), small_);
}

TEST_P(ObjectWriterTest, question_that_is_refused_is_an_error) {
  store_.script({"HEAD", "", HttpReply{403, {}, ""}});
  EXPECT_THROW(push(*open(), small_), Unauthorized);
  expect_nothing();
}

TEST_P(ObjectWriterTest, failed_part_ends_the_blob_before_its_end) {
  store_.script({"PUT", "partNumber=1&", ObjectServer::refusal(403, "AccessDenied")});
  const auto backend = open();
  auto writer = backend->create_blob(0, {});
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) write(*writer, small_);
      },
      Unauthorized);
  EXPECT_LT(store_.count("PUT", "partNumber="), 20);
}

TEST_P(ObjectWriterTest, abandoned_blob_leaves_nothing) {
  const auto backend = open();
  {
    auto writer = backend->create_blob(0, {});
    write(*writer, large_);
  }
  expect_nothing();
  EXPECT_EQ(store_.count("DELETE", "uploadId="), 1);
}

TEST_P(ObjectWriterTest, cancel_ends_a_blob_at_once_and_leaves_nothing) {
  HttpReply slow;
  slow.delay = std::chrono::milliseconds(1500);
  slow.headers.emplace_back("ETag", "x");
  store_.script({"PUT", "partNumber=12&", slow});
  const auto backend = open();
  const auto blob = testing::describe_blob(large_);
  auto writer = backend->create_blob(0, cancel_.token());
  write(*writer, large_);
  std::thread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancel_.cancel();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(writer->commit(blob.digest, blob.size), Cancelled);
  later.join();
  // The fake holds its lock while it waits, so that the clean-up of the upload may not come through; the client does
  // not wait for it longer than a second.
  writer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1400));
  EXPECT_TRUE(store_.objects().empty());
}

TEST_P(ObjectWriterTest, wrong_size_at_the_end_leaves_nothing) {
  const auto backend = open();
  auto writer = backend->create_blob(0, {});
  write(*writer, large_);
  const auto blob = testing::describe_blob(large_);
  EXPECT_THROW(writer->commit(blob.digest, blob.size - 1), DigestMismatch);
  writer.reset();
  expect_nothing();
}

TEST_P(ObjectWriterTest, refusals_say_what_to_do) {
  const std::vector<std::pair<HttpReply, const char*>> refusals = {
      {ObjectServer::refusal(404, "NoSuchBucket"), "bucket_name"},
      {ObjectServer::refusal(403, "SignatureDoesNotMatch"), "access_key_secret"},
      {ObjectServer::refusal(403, "InvalidAccessKeyId"), "access_key_id"},
      {ObjectServer::refusal(403, "RequestTimeTooSkewed"), "clock"},
      {ObjectServer::refusal(400, "AuthorizationHeaderMalformed"), "region"},
      {ObjectServer::refusal(301, "PermanentRedirect"), "endpoint"},
      {HttpReply{403, {}, "<html>no XML"}, "writing needs"},
  };
  for (const auto& [reply, hint] : refusals) {
    store_.script({"PUT", "", reply});
    try {
      push(*open(), small_);
      ADD_FAILURE() << "pushed";
    } catch (const RegistryError& error) {
      EXPECT_THAT(error.hint(), ::testing::HasSubstr(hint)) << error.what();
    }
  }
}

TEST_P(ObjectWriterTest, interrupted_read_goes_on_where_it_was) {
  const auto backend = open();
  const auto blob = push(*backend, large_);
  HttpReply cut{206, {{"Content-Range", "bytes 0-1234566/1234567"}}, std::string(as_text(large_))};
  cut.cut_after = 500'000;
  store_.script({"GET", blob.digest.hex(), cut});
  EXPECT_EQ(pull(*backend, blob), large_);
  const auto requests = store_.requests();
  EXPECT_EQ(requests.back().header("range"), "bytes=500000-1234566");
}

TEST_P(ObjectWriterTest, reads_of_other_ranges_and_outside_are_refused) {
  const auto backend = open();
  const auto blob = push(*backend, small_);
  const auto source = backend->blob_source(blob.digest, blob.size, {});
  Bytes out(10);
  EXPECT_THROW(source->read_at(blob.size - 5, out), FormatError);
  store_.script({"GET", "", HttpReply{206, {{"Content-Range", "bytes 7-16/99999"}}, "0123456789"}});
  EXPECT_THROW(source->read_at(0, out), RegistryError);
  store_.script({"GET", "", HttpReply{200, {}, "0123456789"}});
  EXPECT_THROW(source->read_at(0, out), RegistryError);
  const auto absent = backend->blob_source(hash::sha256({}), 10, {});
  EXPECT_THROW(absent->read_at(0, out), NotFound);
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectWriterTest, ::testing::Values("s3", "oss"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace accel::backend
