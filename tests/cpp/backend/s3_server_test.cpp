// Against an S3 server that others wrote and that checks signatures (versitygw).
#include <atomic>
#include <thread>

#include "accel/base/error.hpp"
#include "backend/store_fixture.hpp"
#include "support/certificates.hpp"
#include "support/store_servers.hpp"
#include "support/tcp_relay.hpp"
#include "support/temp_directory.hpp"

namespace accel::backend {
namespace {

using testing::S3Gateway;

class S3ServerTest : public StoreTest {
 protected:
  void SetUp() override {
    if (!S3Gateway::available()) GTEST_SKIP() << S3Gateway::kMissing;
    options_.part_bytes = 5U << 20U;  // what S3 wants at least
  }

  std::shared_ptr<BlobBackend> open(const std::string& host, const std::string& more = "") {
    const std::string scheme = more.find("scheme") == std::string::npos ? R"("scheme": "http", )" : "";
    return make_backend("s3",
                        "{" + scheme + R"("object_prefix": "pre fix/é+/", "region": ")" + S3Gateway::kRegion +
                            R"(", "bucket_name": ")" + S3Gateway::kBucket + R"(", "access_key_id": ")" +
                            S3Gateway::kKeyId + R"(", "access_key_secret": ")" + S3Gateway::kSecret +
                            R"(", "endpoint": ")" + host + "\"" + more + "}",
                        false, options_);
  }

  static void expect_only(const S3Gateway& server, const oci::Descriptor& blob, const Bytes& content) {
    EXPECT_TRUE(server.object("pre fix/é+/" + blob.digest.hex()) == as_text(content));
    EXPECT_EQ(server.files(), 1U);
  }

  /// Parts are under way by themselves: true once the store has one.
  static bool wait_for_files(const S3Gateway& server) {
    for (int i = 0; i < 500 && server.files() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return server.files() > 0;
  }

  const Bytes small_ = testing::make_content(300'000, 1);
  const Bytes large_ = testing::make_content(23U << 20U, 2);
};

TEST_F(S3ServerTest, small_and_large_blobs_are_objects_of_their_digest) {
  const S3Gateway server;
  const auto backend = open(server.host());
  EXPECT_EQ(backend->name(), "s3://blobs/pre fix/é+/");
  const auto small = push(*backend, small_);
  expect_only(server, small, small_);
  const auto large = push(*backend, large_);
  EXPECT_EQ(server.files(), 2U);
  EXPECT_TRUE(server.object("pre fix/é+/" + large.digest.hex()) == as_text(large_));
  EXPECT_TRUE(backend->has_blob(large.digest, large.size, {}));
  EXPECT_FALSE(backend->has_blob(large.digest, large.size - 1, {}));
  EXPECT_FALSE(backend->has_blob(hash::sha256({}), 0, {}));
  EXPECT_TRUE(pull(*backend, large) == large_);
  EXPECT_TRUE(pull(*backend, small) == small_);
}

TEST_F(S3ServerTest, empty_blob_is_stored) {
  const S3Gateway server;
  const auto backend = open(server.host());
  const auto blob = push(*backend, {});
  EXPECT_EQ(backend->stat_blob(blob.digest, {}), 0U);
}

TEST_F(S3ServerTest, rename_in_parts_gives_the_same_object) {
  options_.max_copy_bytes = 9U << 20U;
  const S3Gateway server;
  expect_only(server, push(*open(server.host()), large_), large_);
}

TEST_F(S3ServerTest, large_bodies_are_unsigned_over_tls) {
  if (!testing::CertificateAuthority::available()) GTEST_SKIP() << testing::CertificateAuthority::kMissing;
  const testing::TempDirectory directory;
  testing::CertificateAuthority authority(directory.path());
  const auto issued = authority.issue("server", "IP:127.0.0.1");
  const S3Gateway server(issued.certificate, issued.key);
  const auto backend = open(server.host(), R"(, "scheme": "https", "ca_file": ")" + authority.certificate() + "\"");
  expect_only(server, push(*backend, large_), large_);
  EXPECT_TRUE(pull(*backend, testing::describe_blob(large_)) == large_);
  // Without the authority the server is not trusted.
  EXPECT_THROW(push(*open(server.host(), R"(, "scheme": "https")"), small_), TlsError);
  push(*open(server.host(), R"(, "scheme": "https", "skip_verify": true)"), small_);
}

TEST_F(S3ServerTest, connection_cut_in_a_part_is_made_good) {
  const S3Gateway server;
  testing::TcpRelay relay(server.port());
  const auto backend = open(relay.host());
  relay.cut_upload_after(7 << 20);
  expect_only(server, push(*backend, large_), large_);
  EXPECT_EQ(relay.cuts(), 1);
}

TEST_F(S3ServerTest, abandoned_blob_leaves_no_part) {
  const S3Gateway server;
  {
    const auto backend = open(server.host());
    auto writer = backend->create_blob(0, cancel_.token());
    write(*writer, large_);
    ASSERT_TRUE(wait_for_files(server));
  }
  EXPECT_EQ(server.files(), 0U);
}

TEST_F(S3ServerTest, cancelled_blob_leaves_no_part) {
  const S3Gateway server;
  const auto backend = open(server.host());
  auto writer = backend->create_blob(0, cancel_.token());
  write(*writer, large_);
  ASSERT_TRUE(wait_for_files(server));
  cancel_.cancel();
  const auto blob = testing::describe_blob(large_);
  EXPECT_THROW(writer->commit(blob.digest, blob.size), Cancelled);
  writer.reset();
  EXPECT_EQ(server.files(), 0U);
}

TEST_F(S3ServerTest, several_blobs_at_a_time_arrive_whole) {
  const S3Gateway server;
  const auto backend = open(server.host());
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const Bytes content = testing::make_content((6U + 2 * i) << 20U, 20 + i);
      const auto blob = push(*backend, content);
      if (pull(*backend, blob) == content) ++right;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 4);
  EXPECT_EQ(server.files(), 4U);
}

TEST_F(S3ServerTest, wrong_credentials_are_named_by_their_key) {
  const S3Gateway server;
  const auto with = [&](const std::string& key_id, const std::string& secret, const std::string& bucket) {
    return make_backend("s3",
                        R"({"scheme": "http", "region": "eu-test-1", "bucket_name": ")" + bucket +
                            R"(", "endpoint": ")" + server.host() + R"(", "access_key_id": ")" + key_id +
                            R"(", "access_key_secret": ")" + secret + "\"}",
                        true, options_);
  };
  const auto error_of = [&](BlobBackend& backend) -> std::string {
    try {
      push(backend, small_);
    } catch (const RegistryError& error) {
      return error.what();
    }
    return "pushed";
  };
  const std::string wrong_secret = error_of(*with(S3Gateway::kKeyId, "wr0ng", "blobs"));
  EXPECT_NE(wrong_secret.find("access_key_secret"), std::string::npos) << wrong_secret;
  EXPECT_EQ(wrong_secret.find("wr0ng"), std::string::npos);
  const std::string wrong_id = error_of(*with("nobody", S3Gateway::kSecret, "blobs"));
  EXPECT_NE(wrong_id.find("access_key_id"), std::string::npos) << wrong_id;
  const std::string wrong_bucket = error_of(*with(S3Gateway::kKeyId, S3Gateway::kSecret, "nowhere"));
  EXPECT_NE(wrong_bucket.find("bucket_name"), std::string::npos) << wrong_bucket;
}

}  // namespace
}  // namespace accel::backend
