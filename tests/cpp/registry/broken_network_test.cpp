// A network that fails between us and docker-registry, at many places of a transfer.
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/registry/client.hpp"
#include "support/blob_content.hpp"
#include "support/docker_registry.hpp"
#include "support/tcp_relay.hpp"

namespace accel::registry {
namespace {

constexpr std::size_t kSize = 3'000'000;

class BrokenNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::DockerRegistry::available()) GTEST_SKIP() << testing::DockerRegistry::kMissing;
    registry_ = std::make_unique<testing::DockerRegistry>();
    relay_ = std::make_unique<testing::TcpRelay>(registry_->port());
    Options options;
    options.upload_chunk_bytes = 1U << 20U;
    options.backoff_base = std::chrono::milliseconds(5);
    options.hosts[relay_->host()].plain_http = true;
    client_ = std::make_unique<Client>(options);
    repository_ = client_->repository(oci::Reference::parse(relay_->host() + "/app"));
  }

  oci::Descriptor push(const Bytes& content) {
    const auto blob = testing::describe_blob(content);
    auto writer = repository_->create_blob(0, {});
    for (std::size_t done = 0; done < content.size(); done += 100'000) {
      writer->write(ByteView(content).subspan(done, std::min<std::size_t>(100'000, content.size() - done)));
    }
    writer->commit(blob.digest, blob.size);
    return blob;
  }

  /// Pushes a blob of its own over the network that fails; true when it got through. Else the error must say that the
  /// upload was lost, and a second push must work: docker-registry 2.8 cannot resume a session that holds bytes whose
  /// receipt it could not report (it answers 400 "upload resumed at wrong offset" and cancels it).
  bool push_or_lose(std::int64_t cut) {
    const Bytes content = testing::make_content(kSize, ++seed_);
    bool survived = true;
    try {
      push(content);
    } catch (const RegistryError& error) {
      EXPECT_EQ(error.fields().code, "UPLOAD_LOST") << "cut after " << cut << ": " << error.what();
      EXPECT_TRUE(error.retryable());
      push(content);
      survived = false;
    }
    const auto blob = testing::describe_blob(content);
    EXPECT_EQ(testing::read_to_end(*repository_->open_blob(blob, {})), content) << "cut after " << cut;
    return survived;
  }

  unsigned seed_ = 10;
  std::unique_ptr<testing::DockerRegistry> registry_;
  std::unique_ptr<testing::TcpRelay> relay_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<oci::Repository> repository_;
};

TEST_F(BrokenNetworkTest, downloads_survive_a_cut_anywhere) {
  const Bytes content = testing::make_content(kSize, 1);
  const auto blob = push(content);
  for (const std::int64_t cut : {0, 1, 100, 1000, 100'000, 1'500'000, 2'999'999}) {
    relay_->cut_download_after(cut);
    EXPECT_EQ(testing::read_to_end(*repository_->open_blob(blob, {})), content) << "cut after " << cut;
  }
  EXPECT_EQ(relay_->cuts(), 7);
}

TEST_F(BrokenNetworkTest, uploads_end_whole_or_with_a_clear_error_wherever_the_cut_is) {
  int survived = 0;
  for (const std::int64_t cut : {0, 1, 300, 1000, 500'000, 1'048'576, 1'049'000, 1'500'000, 2'200'000, 2'990'000}) {
    relay_->cut_upload_after(cut);
    if (push_or_lose(cut)) ++survived;
  }
  EXPECT_EQ(relay_->cuts(), 10);
  EXPECT_GE(survived, 5);
}

TEST_F(BrokenNetworkTest, answers_that_are_cut_while_uploading_harm_no_blob) {
  int survived = 0;
  for (const std::int64_t cut : {0, 10, 100, 400, 900, 1500}) {
    relay_->cut_download_after(cut);
    if (push_or_lose(cut)) ++survived;
    relay_->cut_download_after(-1);
  }
  EXPECT_GE(survived, 3);
}

}  // namespace
}  // namespace accel::registry
