// The facade against a real registry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "accel/base/error.hpp"
#include "accel/convert/converter.hpp"
#include "accel/oci/reference.hpp"
#include "accel/registry/client.hpp"
#include "convert/image_builder.hpp"
#include "support/docker_registry.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::SizeIs;

class ConvertRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!DockerRegistry::available()) GTEST_SKIP() << DockerRegistry::kMissing;
    registry_.emplace();
  }
  std::string place(const std::string& name) { return registry_->host() + "/" + name; }
  std::shared_ptr<oci::Repository> repository(const std::string& name) {
    return client_.repository(oci::Reference::parse(place(name)));
  }
  /// An image whose first layer is larger than an upload chunk.
  void push_big_image(const std::string& name, const std::string& tag) {
    const auto repository = this->repository(name);
    build_image(*repository, tag, "linux/amd64",
                {build_layer(*repository, sample_tar(1, 12'000'000), codec::Compression::none),
                 build_layer(*repository, sample_tar(2))});
  }

  std::optional<DockerRegistry> registry_;
  accel::registry::Client client_{accel::registry::Options{}};
  Environment environment_;
};

TEST_F(ConvertRegistryTest, image_is_converted_to_both_formats_and_verified) {
  push_big_image("app", "v1");
  ConvertRequest request;
  request.source = place("app:v1");
  request.targets = {{"estargz", {}, place("app:v1-es")}, {"zstdchunked", {}, place("other:v1-zc")}};
  request.verify = true;
  const ConvertReport report = convert(request, environment_);
  for (const TargetReport& target : report.targets) {
    EXPECT_EQ(client_.repository(oci::Reference::parse(target.reference))
                  ->get_manifest(oci::Reference::parse(target.reference).tag, {})
                  .descriptor.digest.to_string(),
              target.digest);
    EXPECT_TRUE(check(request.source, target.reference, {}, environment_).equal());
  }
}

TEST_F(ConvertRegistryTest, conversion_works_over_one_connection_a_host) {
  push_big_image("app", "v1");
  environment_.registry.max_connections = 1;
  ConvertRequest request;
  request.source = place("app:v1");
  request.targets = {{"estargz", {}, place("app:v1-es")}, {"zstdchunked", {}, place("app:v1-zc")}};
  convert(request, environment_);
  EXPECT_TRUE(check(request.source, place("app:v1-zc"), {}, environment_).equal());
}

TEST_F(ConvertRegistryTest, copy_within_a_registry_mounts_and_between_registries_streams) {
  push_big_image("app", "v1");
  const CopyReport mounted = copy({place("app:v1"), place("mirror:v1"), true, {}, false}, environment_);
  EXPECT_EQ(mounted.blobs_mounted, 3U);
  EXPECT_EQ(mounted.bytes_uploaded, 0U);
  DockerRegistry other;
  const std::string target = other.host() + "/app:v1";
  const CopyReport copied = copy({place("app:v1"), target, true, {}, false}, environment_);
  EXPECT_EQ(copied.blobs_copied, 3U);
  EXPECT_EQ(copied.digest, mounted.digest);
  EXPECT_TRUE(check(place("app:v1"), target, {}, environment_).equal());
  EXPECT_EQ(copy({place("app:v1"), target, true, {}, false}, environment_).blobs_existing, 3U);
}

TEST_F(ConvertRegistryTest, registry_that_goes_away_is_an_error_and_no_hang) {
  push_big_image("app", "v1");
  environment_.registry.max_attempts = 1;
  ConvertRequest request;
  request.source = place("app:v1");
  request.targets = {{"estargz", {}, "127.0.0.1:" + std::to_string(free_port()) + "/app:v1"}};
  EXPECT_THROW(convert(request, environment_), Unreachable);
}

}  // namespace
}  // namespace accel::convert
