// The whole Repository interface against a real registry over plain HTTP on this machine.
#include "accel/registry/repository.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/registry/client.hpp"
#include "support/blob_content.hpp"
#include "support/docker_registry.hpp"

namespace accel::registry {
namespace {

using testing::describe_blob;
using testing::make_content;
using testing::read_to_end;

class RegistryRepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::DockerRegistry::available()) GTEST_SKIP() << testing::DockerRegistry::kMissing;
    registry_ = std::make_unique<testing::DockerRegistry>();
    Options options;
    options.upload_chunk_bytes = 1U << 20U;
    client_ = std::make_unique<Client>(options);
    repository_ = open("app");
  }

  std::shared_ptr<oci::Repository> open(const std::string& name) {
    return client_->repository(oci::Reference::parse(registry_->host() + "/" + name));
  }

  oci::Descriptor push(oci::Repository& repository, ByteView content, std::size_t piece = 300'000) {
    const auto blob = describe_blob(content);
    auto writer = repository.create_blob(0, cancel_);
    for (std::size_t done = 0; done < content.size(); done += piece) {
      writer->write(content.subspan(done, std::min(piece, content.size() - done)));
    }
    writer->commit(blob.digest, blob.size);
    return blob;
  }

  oci::RawManifest make_manifest(oci::Repository& repository, const std::string& note,
                                 std::optional<oci::Descriptor> subject = {}) {
    const std::string config_text = "{\"architecture\":\"amd64\",\"os\":\"linux\"}";
    oci::Manifest manifest;
    manifest.media_type = oci::kOciManifest;
    manifest.config = push(repository, as_bytes(config_text));
    manifest.config.media_type = oci::kOciConfig;
    manifest.annotations["note"] = note;
    manifest.subject = std::move(subject);
    oci::RawManifest raw;
    raw.bytes = oci::to_json(manifest);
    raw.descriptor = oci::describe(oci::kOciManifest, raw.bytes);
    return raw;
  }

  CancelToken cancel_;
  std::unique_ptr<testing::DockerRegistry> registry_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<oci::Repository> repository_;
};

TEST_F(RegistryRepositoryTest, blobs_of_every_size_class_come_back_as_they_were) {
  constexpr std::size_t kChunk = 1U << 20U;
  unsigned seed = 0;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk, 3 * kChunk + 7}) {
    const Bytes content = make_content(size, ++seed);
    const auto blob = push(*repository_, content);
    EXPECT_TRUE(repository_->has_blob(blob, cancel_)) << size;
    EXPECT_EQ(read_to_end(*repository_->open_blob(blob, cancel_)), content) << size;
  }
}

TEST_F(RegistryRepositoryTest, a_blob_that_was_never_pushed_is_absent) {
  const auto blob = describe_blob(make_content(10, 1));
  EXPECT_FALSE(repository_->has_blob(blob, cancel_));
  EXPECT_THROW(read_to_end(*repository_->open_blob(blob, cancel_)), NotFound);
}

TEST_F(RegistryRepositoryTest, a_wrong_digest_at_commit_is_refused_by_the_registry) {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{2'500'000}}) {
    const Bytes content = make_content(size, 5);
    auto writer = repository_->create_blob(0, cancel_);
    writer->write(content);
    const auto other = describe_blob(make_content(size, 6));
    EXPECT_THROW(writer->commit(other.digest, size), DigestMismatch);
    EXPECT_FALSE(repository_->has_blob(other, cancel_));
  }
}

TEST_F(RegistryRepositoryTest, an_uncommitted_upload_is_deleted_at_the_registry) {
  {
    auto writer = repository_->create_blob(0, cancel_);
    writer->write(make_content(2'500'000, 9));
  }
  EXPECT_NE(registry_->log().find("DELETE"), std::string::npos);
}

TEST_F(RegistryRepositoryTest, parts_of_a_blob_are_read_at_any_offset) {
  const Bytes content = make_content(500'000, 3);
  const auto blob = push(*repository_, content);
  const auto source = repository_->blob_source(blob, cancel_);
  ASSERT_EQ(source->size(), content.size());
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, std::size_t{250'000}, std::size_t{499'990}}) {
    Bytes part(10);
    source->read_at(offset, part);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), content.begin() + static_cast<std::ptrdiff_t>(offset))) << offset;
  }
  Bytes beyond(11);
  EXPECT_THROW(source->read_at(499'990, beyond), FormatError);
}

TEST_F(RegistryRepositoryTest, a_manifest_is_found_by_tag_and_by_digest) {
  const auto manifest = make_manifest(*repository_, "one");
  repository_->put_manifest(manifest, "v1", cancel_);
  for (const std::string& reference : {std::string("v1"), manifest.descriptor.digest.to_string()}) {
    const auto found = repository_->get_manifest(reference, cancel_);
    EXPECT_EQ(found.bytes, manifest.bytes);
    EXPECT_EQ(found.descriptor, manifest.descriptor);
    EXPECT_EQ(repository_->stat_manifest(reference, cancel_), manifest.descriptor);
  }
  EXPECT_EQ(repository_->list_tags(cancel_), std::vector<std::string>{"v1"});
}

TEST_F(RegistryRepositoryTest, absent_manifests_and_repositories_are_not_found) {
  EXPECT_THROW(repository_->get_manifest("missing", cancel_), NotFound);
  EXPECT_EQ(repository_->stat_manifest("missing", cancel_), std::nullopt);
  EXPECT_THROW(open("nowhere")->list_tags(cancel_), NotFound);
  EXPECT_THROW(repository_->get_manifest("not a tag", cancel_), InvalidReference);
}

TEST_F(RegistryRepositoryTest, a_blob_of_another_repository_is_mounted_and_not_sent) {
  const Bytes content = make_content(100'000, 4);
  const auto other = open("base");
  const auto blob = push(*other, content);
  EXPECT_TRUE(repository_->mount_blob(blob, *other, cancel_));
  EXPECT_TRUE(repository_->has_blob(blob, cancel_));
  EXPECT_FALSE(repository_->mount_blob(describe_blob(make_content(10, 8)), *other, cancel_));
}

TEST_F(RegistryRepositoryTest, referrers_are_kept_under_the_fallback_tag) {
  // docker-registry 2.8 has no referrers API.
  const auto subject = make_manifest(*repository_, "subject");
  repository_->put_manifest(subject, "v1", cancel_);
  EXPECT_TRUE(repository_->list_referrers(subject.descriptor.digest, cancel_).empty());
  const auto first = make_manifest(*repository_, "first", subject.descriptor);
  const auto second = make_manifest(*repository_, "second", subject.descriptor);
  repository_->put_manifest(first, "", cancel_);
  repository_->put_manifest(second, "", cancel_);
  repository_->put_manifest(second, "again", cancel_);
  const auto found = repository_->list_referrers(subject.descriptor.digest, cancel_);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].digest, first.descriptor.digest);
  EXPECT_EQ(found[1].digest, second.descriptor.digest);
  EXPECT_EQ(found[1].artifact_type, oci::kOciConfig);
  EXPECT_EQ(found[1].annotations.at("note"), "second");
}

TEST_F(RegistryRepositoryTest, cancelled_calls_throw_cancelled) {
  CancelSource source;
  source.cancel();
  const auto blob = push(*repository_, make_content(10, 2));
  EXPECT_THROW(repository_->has_blob(blob, source.token()), Cancelled);
  EXPECT_THROW(repository_->get_manifest("v1", source.token()), Cancelled);
  EXPECT_THROW(repository_->open_blob(blob, source.token()), Cancelled);
}

TEST_F(RegistryRepositoryTest, the_doctor_finds_every_step_right) {
  const auto report = client_->diagnose(registry_->host(), cancel_);
  ASSERT_EQ(report.steps.size(), 6U);
  for (const auto& step : report.steps) EXPECT_TRUE(step.ok) << step.name << ": " << step.detail;
}

}  // namespace
}  // namespace accel::registry
