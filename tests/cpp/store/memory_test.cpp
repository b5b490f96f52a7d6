#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/oci/referrer.hpp"
#include "accel/store/stores.hpp"
#include "support/sample_image.hpp"

namespace accel::store {
namespace {

using accel::testing::put_image;
using accel::testing::put_index;
using accel::testing::put_referrer;
using accel::testing::read_blob;
using accel::testing::write_blob;

TEST(Memory, blob_is_visible_only_after_its_commit) {
  const auto repository = make_memory_repository("memory");
  const auto blob = oci::describe(oci::kOciLayer, "content");
  auto writer = repository->create_blob(0, {});
  writer->write(as_bytes("con"));
  writer->write(as_bytes("tent"));
  EXPECT_FALSE(repository->has_blob(blob, {}));
  writer->commit(blob.digest, blob.size);
  EXPECT_TRUE(repository->has_blob(blob, {}));
  EXPECT_EQ(read_blob(*repository, blob), "content");
}

TEST(Memory, commit_with_the_digest_of_other_bytes_is_refused) {
  const auto repository = make_memory_repository("memory");
  const auto blob = oci::describe(oci::kOciLayer, "content");
  auto writer = repository->create_blob(0, {});
  writer->write(as_bytes("CONTENT"));
  EXPECT_THROW(writer->commit(blob.digest, blob.size), DigestMismatch);
  EXPECT_FALSE(repository->has_blob(blob, {}));
}

TEST(Memory, blob_of_another_size_than_its_descriptor_is_refused) {
  const auto repository = make_memory_repository("memory");
  auto blob = write_blob(*repository, oci::kOciLayer, "content");
  blob.size = 6;
  EXPECT_THROW(read_blob(*repository, blob), FormatError);
  EXPECT_THROW(repository->blob_source(blob, {}), FormatError);
}

TEST(Memory, blob_source_reads_ranges) {
  const auto repository = make_memory_repository("memory");
  const auto blob = write_blob(*repository, oci::kOciLayer, "content");
  const auto source = repository->blob_source(blob, {});
  Bytes out(4);
  source->read_at(2, out);
  EXPECT_EQ(to_string(out), "nten");
  EXPECT_THROW(source->read_at(4, out), FormatError);
}

TEST(Memory, manifest_is_found_by_tag_by_digest_and_as_the_only_one) {
  const auto repository = make_memory_repository("memory");
  const auto manifest = put_image(*repository, "v1", "content");
  for (const std::string& name : {std::string("v1"), manifest.descriptor.digest.to_string(), std::string()}) {
    EXPECT_EQ(repository->get_manifest(name, {}).bytes, manifest.bytes) << name;
    EXPECT_EQ(repository->stat_manifest(name, {}), manifest.descriptor) << name;
  }
}

TEST(Memory, absent_manifest_is_not_found_and_the_tags_are_named) {
  const auto repository = make_memory_repository("memory");
  put_image(*repository, "v1", "one");
  put_image(*repository, "v2", "two");
  EXPECT_EQ(repository->stat_manifest("v3", {}), std::nullopt);
  try {
    repository->get_manifest("v3", {});
    FAIL() << "no error";
  } catch (const NotFound& error) {
    EXPECT_EQ(error.status(), 404);
    EXPECT_STREQ(error.what(), "memory: no image \"v3\" in it; its tags are v1, v2");
  }
  EXPECT_THROW(repository->get_manifest("", {}), ConfigError);
}

TEST(Memory, manifest_with_a_wrong_digest_is_refused) {
  const auto repository = make_memory_repository("memory");
  auto manifest = put_image(*repository, "v1", "content");
  manifest.bytes += ' ';
  EXPECT_THROW(repository->put_manifest(manifest, "v1", {}), DigestMismatch);
}

TEST(Memory, untagged_children_of_an_index_are_no_images_of_their_own) {
  const auto repository = make_memory_repository("memory");
  const auto first = put_image(*repository, "", "one");
  const auto second = put_image(*repository, "", "two");
  const auto root = put_index(*repository, "", {first.descriptor, second.descriptor});
  EXPECT_EQ(repository->get_manifest("", {}).descriptor, root.descriptor);
  EXPECT_EQ(repository->get_manifest(second.descriptor.digest.to_string(), {}).bytes, second.bytes);
}

TEST(Memory, referrers_are_found_by_their_subject) {
  const auto repository = make_memory_repository("memory");
  const auto image = put_image(*repository, "v1", "content");
  const auto artifact = put_referrer(*repository, "", image.descriptor);

  const auto referrers = repository->list_referrers(image.descriptor.digest, {});
  ASSERT_EQ(referrers.size(), 1U);
  EXPECT_EQ(referrers[0].digest, artifact.descriptor.digest);
  EXPECT_EQ(referrers[0].artifact_type, "application/example");
  EXPECT_EQ(referrers[0].annotations, (oci::Annotations{{"key", "text"}}));
  EXPECT_TRUE(repository->list_referrers(artifact.descriptor.digest, {}).empty());
}

TEST(Memory, referrers_are_found_by_the_fallback_tag) {
  const auto repository = make_memory_repository("memory");
  const auto image = put_image(*repository, "v1", "content");
  const auto artifact = put_image(*repository, "", "artifact without a subject");
  put_index(*repository, oci::referrers_tag(image.descriptor.digest), {artifact.descriptor});
  const auto referrers = repository->list_referrers(image.descriptor.digest, {});
  ASSERT_EQ(referrers.size(), 1U);
  EXPECT_EQ(referrers[0].digest, artifact.descriptor.digest);
}

TEST(Memory, blobs_are_mounted_between_memory_repositories_only_when_they_exist) {
  const auto from = make_memory_repository("from");
  const auto to = make_memory_repository("to");
  const auto blob = write_blob(*from, oci::kOciLayer, "content");
  EXPECT_TRUE(to->mount_blob(blob, *from, {}));
  EXPECT_EQ(read_blob(*to, blob), "content");
  EXPECT_THROW(to->mount_blob(oci::describe(oci::kOciLayer, "other"), *from, {}), NotFound);
}

TEST(Memory, every_method_stops_when_cancelled) {
  const auto repository = make_memory_repository("memory");
  const auto manifest = put_image(*repository, "v1", "content");
  const auto blob = write_blob(*repository, oci::kOciLayer, "content");
  CancelSource source;
  const auto cancel = source.token();
  const auto stream = repository->open_blob(blob, cancel);
  const auto writer = repository->create_blob(0, cancel);
  source.cancel();
  Bytes out(4);
  EXPECT_THROW(stream->read(out), Cancelled);
  EXPECT_THROW(writer->write(out), Cancelled);
  EXPECT_THROW(repository->get_manifest("v1", cancel), Cancelled);
  EXPECT_THROW(repository->stat_manifest("v1", cancel), Cancelled);
  EXPECT_THROW(repository->put_manifest(manifest, "v1", cancel), Cancelled);
  EXPECT_THROW(repository->has_blob(blob, cancel), Cancelled);
  EXPECT_THROW(repository->open_blob(blob, cancel), Cancelled);
  EXPECT_THROW(repository->list_tags(cancel), Cancelled);
}

}  // namespace
}  // namespace accel::store
