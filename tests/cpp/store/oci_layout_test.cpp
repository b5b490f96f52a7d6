#include "accel/store/oci_layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/oci/referrer.hpp"
#include "support/sample_image.hpp"
#include "support/temp_directory.hpp"

namespace accel::store {
namespace {

using accel::testing::put_image;
using accel::testing::put_index;
using accel::testing::put_referrer;
using accel::testing::read_blob;
using accel::testing::TempDirectory;
using accel::testing::write_blob;
using ::testing::ElementsAre;

class OciLayoutTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<oci::Repository> open(OpenMode mode, const std::string& name = "layout") const {
    return open_oci_layout((directory_ / name).string(), mode);
  }
  [[nodiscard]] std::string blob_file(const oci::Descriptor& blob, const std::string& name = "layout") const {
    return name + "/blobs/sha256/" + blob.digest.hex();
  }

  const TempDirectory directory_;
};

TEST_F(OciLayoutTest, nothing_appears_before_the_first_write) {
  const auto layout = open(OpenMode::write);
  EXPECT_FALSE(layout->has_blob(oci::describe(oci::kOciLayer, "content"), {}));
  EXPECT_EQ(layout->stat_manifest("v1", {}), std::nullopt);
  layout->finish();
  EXPECT_FALSE(std::filesystem::exists(directory_ / "layout"));
}

TEST_F(OciLayoutTest, files_are_those_of_the_specification) {
  const auto image = put_image(*open(OpenMode::write), "v1", "content");
  EXPECT_EQ(directory_.read("layout/oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
  EXPECT_EQ(directory_.read("layout/index.json"),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":)"
            R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
                image.descriptor.digest.to_string() + R"(","size":)" + std::to_string(image.bytes.size()) +
                R"(,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]})");
  EXPECT_EQ(directory_.read(blob_file(image.descriptor)), image.bytes);
  EXPECT_EQ(directory_.count_files(), 5U);  // and config and layer
}

TEST_F(OciLayoutTest, image_is_read_by_tag_by_digest_and_as_the_only_one) {
  const auto image = put_image(*open(OpenMode::write), "v1", "content");
  const auto layout = open(OpenMode::read);
  for (const std::string& name : {std::string("v1"), image.descriptor.digest.to_string(), std::string()}) {
    EXPECT_EQ(layout->get_manifest(name, {}).bytes, image.bytes) << name;
    EXPECT_EQ(layout->stat_manifest(name, {}), image.descriptor) << name;
  }
  const auto layer = oci::parse_manifest(image.bytes).layers[0];
  EXPECT_TRUE(layout->has_blob(layer, {}));
  EXPECT_EQ(read_blob(*layout, layer), "content");
  Bytes out(3);
  layout->blob_source(layer, {})->read_at(2, out);
  EXPECT_EQ(to_string(out), "nte");
}

TEST_F(OciLayoutTest, tag_moves_to_the_image_that_took_it_last) {
  const auto layout = open(OpenMode::write);
  put_image(*layout, "v1", "one");
  put_image(*layout, "v2", "two");
  const auto image = put_image(*layout, "v1", "three");
  EXPECT_THAT(layout->list_tags({}), ElementsAre("v1", "v2"));
  EXPECT_EQ(layout->get_manifest("v1", {}).descriptor, image.descriptor);
}

TEST_F(OciLayoutTest, one_image_may_have_several_tags) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  layout->put_manifest(image, "latest", {});
  EXPECT_THAT(layout->list_tags({}), ElementsAre("latest", "v1"));
  EXPECT_EQ(layout->get_manifest("", {}).descriptor, image.descriptor);
}

TEST_F(OciLayoutTest, choice_between_several_images_is_an_error_that_lists_them) {
  const auto layout = open(OpenMode::write);
  put_image(*layout, "v1", "one");
  put_image(*layout, "v2", "two");
  try {
    layout->get_manifest("", {});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("holds several images; choose one of v1, v2"), std::string::npos);
  }
  try {
    layout->get_manifest("v3", {});
    FAIL() << "no error";
  } catch (const NotFound& error) {
    EXPECT_EQ(error.status(), 404);
    EXPECT_NE(std::string(error.what()).find("no image \"v3\" in it; its tags are v1, v2"), std::string::npos);
  }
}

TEST_F(OciLayoutTest, containerd_names_are_understood) {
  const auto layout = open(OpenMode::write);
  const auto one = put_image(*layout, "x", "one");
  const auto two = put_image(*layout, "y", "two");
  // As `docker save` of two images with one tag writes it.
  const auto entry = [](const oci::Descriptor& image, const std::string& name) {
    auto copy = image;
    copy.annotations = {{"io.containerd.image.name", "docker.io/library/" + name},
                        {"org.opencontainers.image.ref.name", "latest"}};
    return oci::to_json(copy);
  };
  directory_.write("layout/index.json", R"({"schemaVersion":2,"manifests":[)" + entry(one.descriptor, "one:latest") +
                                            "," + entry(two.descriptor, "two:latest") + "]}");
  EXPECT_EQ(layout->get_manifest("docker.io/library/two:latest", {}).descriptor, two.descriptor);
  try {
    layout->get_manifest("latest", {});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_NE(error.hint().find("docker.io/library/one:latest, docker.io/library/two:latest"), std::string::npos);
  }
}

TEST_F(OciLayoutTest, images_without_a_tag_are_listed_by_finish_unless_they_are_parts) {
  const auto layout = open(OpenMode::write);
  const auto child = put_image(*layout, "", "child");
  const auto index = put_index(*layout, "", {child.descriptor});
  EXPECT_EQ(layout->get_manifest("", {}).descriptor, index.descriptor) << "the writer sees it before";
  layout->finish();
  const auto reader = open(OpenMode::read);
  EXPECT_EQ(reader->get_manifest("", {}).descriptor, index.descriptor);
  EXPECT_EQ(reader->get_manifest(child.descriptor.digest.to_string(), {}).bytes, child.bytes);
  EXPECT_EQ(reader->stat_manifest(child.descriptor.digest.to_string(), {}), child.descriptor);

  // The same child once more, by a writer that has not seen the index.
  const auto later = open(OpenMode::write);
  put_image(*later, "", "child");
  later->finish();
  EXPECT_EQ(open(OpenMode::read)->get_manifest("", {}).descriptor, index.descriptor);
}

TEST_F(OciLayoutTest, image_that_gets_a_tag_is_not_listed_a_second_time) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "", "content");
  layout->finish();
  layout->put_manifest(image, "v1", {});
  layout->finish();
  EXPECT_EQ(oci::parse_index(directory_.read("layout/index.json")).manifests.size(), 1U);
  EXPECT_THAT(layout->list_tags({}), ElementsAre("v1"));
}

TEST_F(OciLayoutTest, unknown_members_of_index_json_survive_a_tag) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "one");
  std::string index = directory_.read("layout/index.json");
  index.insert(1, R"("x-unknown":{"a":[1]},)");
  directory_.write("layout/index.json", index);
  put_image(*layout, "v2", "two");
  EXPECT_NE(directory_.read("layout/index.json").find(R"("x-unknown":{"a":[1]})"), std::string::npos);
}

TEST_F(OciLayoutTest, referrers_are_found_among_images_parts_and_under_the_fallback_tag) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  const auto direct = put_referrer(*layout, "sbom", image.descriptor);
  const auto other = put_image(*layout, "", "signature without a subject");
  put_index(*layout, oci::referrers_tag(image.descriptor.digest), {other.descriptor});
  layout->finish();
  const auto referrers = open(OpenMode::read)->list_referrers(image.descriptor.digest, {});
  ASSERT_EQ(referrers.size(), 2U);
  EXPECT_EQ(referrers[0].digest, direct.descriptor.digest);
  EXPECT_EQ(referrers[0].artifact_type, "application/example");
  EXPECT_EQ(referrers[1].digest, other.descriptor.digest);
  EXPECT_TRUE(layout->list_referrers(direct.descriptor.digest, {}).empty());
}

TEST_F(OciLayoutTest, blob_is_linked_from_another_layout) {
  const auto from = open(OpenMode::write, "from");
  const auto to = open(OpenMode::write, "to");
  const auto blob = write_blob(*from, oci::kOciLayer, "content");
  EXPECT_TRUE(to->mount_blob(blob, *from, {}));
  EXPECT_EQ(read_blob(*to, blob), "content");
  EXPECT_TRUE(std::filesystem::equivalent(directory_ / blob_file(blob, "from"), directory_ / blob_file(blob, "to")));
  EXPECT_TRUE(to->mount_blob(blob, *from, {})) << "again";
  EXPECT_FALSE(to->mount_blob(blob, *make_memory_repository("memory"), {}));
  EXPECT_THROW(to->mount_blob(oci::describe(oci::kOciLayer, "absent"), *from, {}), NotFound);
}

TEST_F(OciLayoutTest, damaged_blob_is_not_linked) {
  const auto from = open(OpenMode::write, "from");
  const auto to = open(OpenMode::write, "to");
  const auto blob = write_blob(*from, oci::kOciLayer, "content");
  directory_.write(blob_file(blob, "from"), "CONTENT");
  EXPECT_THROW(to->mount_blob(blob, *from, {}), DigestMismatch);
  EXPECT_FALSE(to->has_blob(blob, {}));
}

TEST_F(OciLayoutTest, blob_behind_a_symbolic_link_is_read) {
  const auto layout = open(OpenMode::write);
  const auto blob = write_blob(*layout, oci::kOciLayer, "content");
  const auto path = directory_ / blob_file(blob);
  std::filesystem::rename(path, directory_ / "elsewhere");
  std::filesystem::create_symlink(directory_ / "elsewhere", path);
  EXPECT_EQ(read_blob(*layout, blob), "content");
}

TEST_F(OciLayoutTest, sha512_blobs_have_a_directory_of_their_own) {
  const auto layout = open(OpenMode::write);
  hash::Hasher hasher(hash::Algorithm::sha512);
  hasher.update(as_bytes("content"));
  oci::Descriptor blob;
  blob.digest = hasher.finish();
  blob.size = 7;
  const auto writer = layout->create_blob(0, {});
  writer->write(as_bytes("content"));
  writer->commit(blob.digest, blob.size);
  EXPECT_EQ(directory_.read("layout/blobs/sha512/" + blob.digest.hex()), "content");
  EXPECT_EQ(read_blob(*layout, blob), "content");
}

TEST_F(OciLayoutTest, threads_may_write_and_tag_at_once) {
  const auto layout = open(OpenMode::write);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) put_image(*layout, "t" + std::to_string(t) + "-" + std::to_string(i), "same");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(layout->list_tags({}).size(), 20U);
  EXPECT_EQ(directory_.count_files(), 5U) << "no temporary file is left";
}

TEST_F(OciLayoutTest, processes_that_tag_at_once_lose_no_tag) {
  constexpr int kProcesses = 4;
  constexpr int kTags = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int code = 0;
      try {
        // Each makes the layout, too: that must be safe against the others.
        const auto layout = open(OpenMode::write);
        for (int i = 0; i < kTags; ++i) put_image(*layout, std::to_string(p) + "-" + std::to_string(i), "content");
      } catch (const std::exception&) {
        code = 1;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open(OpenMode::read)->list_tags({}).size(), static_cast<std::size_t>(kProcesses * kTags));
}

}  // namespace
}  // namespace accel::store
