// Against a server that checks OSS signatures, written from OSS's documentation (tests/support/oss_server.py).
#include "accel/base/error.hpp"
#include "backend/store_fixture.hpp"
#include "support/store_servers.hpp"
#include "support/tcp_relay.hpp"

namespace accel::backend {
namespace {

using testing::OssServer;

class OssServerTest : public StoreTest {
 protected:
  void SetUp() override {
    if (!testing::program_exists("python3")) GTEST_SKIP() << "python3 is not installed";
    options_.part_bytes = 1U << 20U;
  }

  std::shared_ptr<BlobBackend> open(const std::string& host, const std::string& secret = OssServer::kSecret,
                                    const std::string& key_id = OssServer::kKeyId,
                                    const std::string& bucket = OssServer::kBucket) {
    return make_backend("oss",
                        R"({"endpoint": "http://)" + host + R"(", "object_prefix": "pre fix/é+/", "bucket_name": ")" +
                            bucket + R"(", "access_key_id": ")" + key_id + R"(", "access_key_secret": ")" + secret +
                            "\"}",
                        false, options_);
  }

  static std::string only(const oci::Descriptor& blob) {
    return R"({"objects": {"pre fix/\u00e9+/)" + blob.digest.hex() + R"(": ")" + blob.digest.hex() +
           R"("}, "uploads": 0,)";
  }

  const Bytes small_ = testing::make_content(300'000, 1);
  const Bytes large_ = testing::make_content(5'500'000, 2);
};

TEST_F(OssServerTest, small_blob_is_an_object_of_its_digest) {
  const OssServer server;
  const auto backend = open(server.host());
  const auto blob = push(*backend, small_);
  EXPECT_TRUE(server.state().starts_with(only(blob))) << server.state();
  EXPECT_TRUE(backend->has_blob(blob.digest, blob.size, {}));
  EXPECT_TRUE(pull(*backend, blob) == small_);
}

TEST_F(OssServerTest, large_blob_goes_in_parts_and_is_renamed) {
  const OssServer server;
  const auto backend = open(server.host());
  const auto blob = push(*backend, large_);
  EXPECT_TRUE(server.state().starts_with(only(blob))) << server.state();
  EXPECT_NE(server.state().find("partNumber=6"), std::string::npos) << server.state();
  EXPECT_TRUE(pull(*backend, blob) == large_);
}

TEST_F(OssServerTest, rename_in_parts_gives_the_same_object) {
  options_.max_copy_bytes = 2U << 20U;
  const OssServer server;
  const auto blob = push(*open(server.host()), large_);
  EXPECT_TRUE(server.state().starts_with(only(blob))) << server.state();
}

TEST_F(OssServerTest, connection_cut_in_a_part_is_made_good) {
  const OssServer server;
  testing::TcpRelay relay(server.port());
  relay.cut_upload_after(2'500'000);
  const auto blob = push(*open(relay.host()), large_);
  EXPECT_TRUE(server.state().starts_with(only(blob))) << server.state();
  EXPECT_EQ(relay.cuts(), 1);
}

TEST_F(OssServerTest, abandoned_blob_leaves_no_upload) {
  const OssServer server;
  {
    const auto backend = open(server.host());
    auto writer = backend->create_blob(0, cancel_.token());
    write(*writer, large_);
  }
  EXPECT_TRUE(server.state().starts_with(R"({"objects": {}, "uploads": 0,)")) << server.state();
}

TEST_F(OssServerTest, wrong_credentials_are_named_by_their_key) {
  const OssServer server;
  const auto hint_of = [&](BlobBackend& backend) -> std::string {
    try {
      backend.create_blob(0, {})->commit(hash::sha256({}), 0);
    } catch (const RegistryError& error) {
      EXPECT_EQ(std::string(error.what()).find("wr0ng"), std::string::npos) << error.what();
      return error.hint();
    }
    return "accepted";
  };
  EXPECT_NE(hint_of(*open(server.host(), "wr0ng")).find("access_key_secret"), std::string::npos);
  EXPECT_NE(hint_of(*open(server.host(), OssServer::kSecret, "nobody")).find("access_key_id"), std::string::npos);
  EXPECT_NE(hint_of(*open(server.host(), OssServer::kSecret, OssServer::kKeyId, "nowhere")).find("bucket_name"),
            std::string::npos);
}

}  // namespace
}  // namespace accel::backend
