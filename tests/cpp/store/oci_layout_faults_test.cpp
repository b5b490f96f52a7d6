// What a layout does when its files, its disk or its callers are wrong.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "accel/base/error.hpp"
#include "accel/io/unique_fd.hpp"
#include "accel/store/stores.hpp"
#include "support/forked.hpp"
#include "support/sample_image.hpp"
#include "support/temp_directory.hpp"

namespace accel::store {
namespace {

using accel::testing::put_image;
using accel::testing::put_index;
using accel::testing::read_blob;
using accel::testing::run_forked;
using accel::testing::TempDirectory;
using accel::testing::write_blob;

class OciLayoutFaultsTest : public ::testing::Test {
 protected:
  std::shared_ptr<oci::Repository> open(OpenMode mode) const {
    return open_oci_layout((directory_ / "layout").string(), mode);
  }
  [[nodiscard]] static std::string blob_file(const oci::Descriptor& blob) {
    return "layout/blobs/sha256/" + blob.digest.hex();
  }

  const TempDirectory directory_;
};

/// The text of the accel::Error of type `Expected` that `action` throws.
template <class Expected, class Action>
std::string error_of(Action action) {
  try {
    action();
    ADD_FAILURE() << "no error";
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another type: " << error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(OciLayoutFaultsTest, directory_that_is_no_layout_cannot_be_read) {
  EXPECT_TRUE(contains(error_of<StoreError>([&] { open(OpenMode::read); }), "oci-layout: No such file or directory"));
  directory_.write("layout/oci-layout", "{");
  EXPECT_TRUE(contains(error_of<FormatError>([&] { open(OpenMode::read); }), "oci-layout: this is no JSON"));
  directory_.write("layout/oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
  EXPECT_TRUE(contains(error_of<UnsupportedError>([&] { open(OpenMode::read); }), "version \"2.0.0\", want 1.0.0"));
  directory_.write("layout/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  EXPECT_TRUE(contains(error_of<StoreError>([&] { open(OpenMode::read); }), "index.json: No such file or directory"));
}

TEST_F(OciLayoutFaultsTest, bad_index_is_refused_with_its_place) {
  directory_.write("layout/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  const std::pair<std::string, std::string> cases[] = {
      {"", "index.json: index: this is no JSON"},
      {"[]", "index.json: index: want an object, got an array"},
      {R"({"manifests":[{"mediaType":"t","digest":"sha256:../../../etc/passwd","size":1}]})",
       "index.json: index: manifests[0].digest: want a sha256 or sha512 digest"},
      {R"({"manifests":[{"mediaType":"t","digest":"sha256:)" + std::string(64, 'a') + R"(","size":-1}]})",
       "index.json: index: manifests[0].size: want a non-negative integer"},
      {R"({"manifests":[],"manifests":[]})", "index.json: index: key \"manifests\" occurs twice"},
  };
  for (const auto& [text, message] : cases) {
    directory_.write("layout/index.json", text);
    for (const auto mode : {OpenMode::read, OpenMode::write}) {
      const std::string error = error_of<FormatError>([&] { open(mode); });
      EXPECT_TRUE(contains(error, message)) << error;
    }
  }
}

TEST_F(OciLayoutFaultsTest, damaged_blob_is_an_error_before_its_last_bytes) {
  const auto layout = open(OpenMode::write);
  const auto blob = write_blob(*layout, oci::kOciLayer, "content");
  directory_.write(blob_file(blob), "CONTENT");
  EXPECT_THROW(read_blob(*layout, blob), DigestMismatch);
}

TEST_F(OciLayoutFaultsTest, blob_of_another_length_is_absent_for_writers_and_an_error_for_readers) {
  const auto layout = open(OpenMode::write);
  const auto blob = write_blob(*layout, oci::kOciLayer, "content");
  for (const std::string bytes : {"", "conten", "content!"}) {
    directory_.write(blob_file(blob), bytes);
    EXPECT_FALSE(layout->has_blob(blob, {}));
    EXPECT_THROW(read_blob(*layout, blob), FormatError);
    EXPECT_THROW(layout->blob_source(blob, {}), FormatError);
    write_blob(*layout, oci::kOciLayer, "content");  // writing it again repairs it
    EXPECT_EQ(read_blob(*layout, blob), "content");
  }
}

TEST_F(OciLayoutFaultsTest, missing_blob_is_not_found) {
  const auto layout = open(OpenMode::write);
  const auto blob = oci::describe(oci::kOciLayer, "absent");
  write_blob(*layout, oci::kOciLayer, "another");
  const std::string digest = blob.digest.to_string();
  EXPECT_TRUE(contains(error_of<NotFound>([&] { layout->open_blob(blob, {}); }), "blob " + digest + " not found"));
  EXPECT_TRUE(contains(error_of<NotFound>([&] { layout->blob_source(blob, {}); }), "blob " + digest + " not found"));
}

TEST_F(OciLayoutFaultsTest, listed_image_whose_manifest_is_gone_is_not_found) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  std::filesystem::remove(directory_ / blob_file(image.descriptor));
  EXPECT_EQ(layout->stat_manifest("v1", {}), std::nullopt);
  EXPECT_TRUE(contains(error_of<NotFound>([&] { layout->get_manifest("v1", {}); }), "not found"));
}

TEST_F(OciLayoutFaultsTest, damaged_manifest_is_refused) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  std::string bytes = image.bytes;
  bytes.back() = ' ';
  directory_.write(blob_file(image.descriptor), bytes);
  EXPECT_THROW(layout->get_manifest("v1", {}), DigestMismatch);
  directory_.write(blob_file(image.descriptor), "{}");
  EXPECT_THROW(layout->get_manifest("v1", {}), FormatError);
}

TEST_F(OciLayoutFaultsTest, digest_of_a_blob_that_is_no_manifest_is_not_found) {
  const auto layout = open(OpenMode::write);
  const auto blob = write_blob(*layout, oci::kOciLayer, "content");
  EXPECT_THROW(layout->get_manifest(blob.digest.to_string(), {}), NotFound);
  EXPECT_EQ(layout->stat_manifest(blob.digest.to_string(), {}), std::nullopt);
}

TEST_F(OciLayoutFaultsTest, damaged_image_does_not_hide_what_belongs_to_another) {
  const auto layout = open(OpenMode::write);
  const auto bad = accel::testing::put_document(*layout, "bad", oci::kOciManifest, "{}");
  const auto image = put_image(*layout, "v1", "content");
  const auto referrer = accel::testing::put_referrer(*layout, "sbom", image.descriptor);
  EXPECT_EQ(layout->list_referrers(image.descriptor.digest, {}).size(), 1U);
}

TEST_F(OciLayoutFaultsTest, wrong_digest_or_size_at_commit_leaves_nothing) {
  const auto layout = open(OpenMode::write);
  const auto blob = oci::describe(oci::kOciLayer, "content");
  for (const std::uint64_t size : {std::uint64_t{7}, std::uint64_t{8}}) {
    const auto writer = layout->create_blob(0, {});
    writer->write(as_bytes(size == 7 ? "CONTENT" : "content"));
    EXPECT_THROW(writer->commit(blob.digest, size), DigestMismatch);
  }
  EXPECT_EQ(directory_.count_files(), 2U);  // oci-layout and index.json
}

TEST_F(OciLayoutFaultsTest, manifest_that_its_descriptor_does_not_describe_is_not_stored) {
  const auto layout = open(OpenMode::write);
  auto image = put_image(*layout, "v1", "content");
  image.bytes += ' ';
  EXPECT_THROW(layout->put_manifest(image, "v2", {}), DigestMismatch);
  image.descriptor = oci::describe("", image.bytes);
  EXPECT_THROW(layout->put_manifest(image, "v2", {}), FormatError);
  EXPECT_THROW(accel::testing::put_document(*layout, "v2", oci::kOciIndex, "{}"), FormatError);
  EXPECT_EQ(layout->list_tags({}).size(), 1U);
}

TEST_F(OciLayoutFaultsTest, layout_opened_for_reading_is_not_written_to) {
  put_image(*open(OpenMode::write), "v1", "content");
  const auto layout = open(OpenMode::read);
  EXPECT_THROW(layout->create_blob(0, {}), UnsupportedError);
  EXPECT_THROW(layout->put_manifest(layout->get_manifest("v1", {}), "v2", {}), UnsupportedError);
}

TEST_F(OciLayoutFaultsTest, cancel_stops_reading_and_writing_and_leaves_nothing) {
  const auto layout = open(OpenMode::write);
  const auto blob = write_blob(*layout, oci::kOciLayer, "content");
  CancelSource source;
  {
    const auto stream = layout->open_blob(blob, source.token());
    const auto writer = layout->create_blob(0, source.token());
    writer->write(as_bytes("half"));
    source.cancel();
    Bytes out(4);
    EXPECT_THROW(stream->read(out), Cancelled);
    EXPECT_THROW(writer->write(as_bytes("rest")), Cancelled);
    EXPECT_THROW(writer->commit(blob.digest, blob.size), Cancelled);
  }
  EXPECT_THROW(layout->list_tags(source.token()), Cancelled);
  EXPECT_EQ(directory_.count_files(), 3U);
}

TEST_F(OciLayoutFaultsTest, wait_for_the_lock_of_another_process_can_be_cancelled) {
  const auto layout = open(OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  const io::UniqueFd held(::open((directory_ / "layout/oci-layout").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  CancelSource source;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source.cancel();
  });
  EXPECT_THROW(layout->put_manifest(image, "v2", source.token()), Cancelled);
  canceller.join();
}

TEST_F(OciLayoutFaultsTest, directory_that_cannot_be_made_is_named) {
  directory_.write("file", "");
  const auto layout = open_oci_layout((directory_ / "file/layout").string(), OpenMode::write);
  const std::string error = error_of<StoreError>([&] { layout->create_blob(0, {}); });
  EXPECT_TRUE(contains(error, "create directory " + (directory_ / "file/layout").string())) << error;
  EXPECT_TRUE(contains(error, "check its permissions or choose another one")) << error;
}

TEST_F(OciLayoutFaultsTest, directory_without_permission_is_named) {
  put_image(*open(OpenMode::write), "v1", "content");
  const auto blobs = directory_ / "layout/blobs/sha256";
  ::chmod(directory_.path().c_str(), 0755);
  ::chmod(blobs.c_str(), 0555);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0) << "root passes every check, so the attempt runs as nobody";
  }
  int code = 0;
  try {
    open(OpenMode::write)->create_blob(0, {});
  } catch (const StoreError& error) {
    code = error.code();
  }
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ::chmod(blobs.c_str(), 0755);
  EXPECT_EQ(code, EACCES);
}

TEST_F(OciLayoutFaultsTest, file_size_limit_is_an_error_and_leaves_nothing) {
  const auto layout = open(OpenMode::write);
  write_blob(*layout, oci::kOciLayer, "first");
  const bool refused = run_forked([&] {  // the limit holds for a whole process
    const rlimit limit{4096, 4096};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return contains(error_of<StoreError>([&] { write_blob(*layout, oci::kOciLayer, std::string(8192, 'x')); }),
                    "File too large");
  });
  EXPECT_TRUE(refused);
  EXPECT_EQ(directory_.count_files(), 3U);
}

TEST_F(OciLayoutFaultsTest, full_disk_is_an_error_with_a_remedy_and_leaves_nothing) {
  std::filesystem::create_directory(directory_ / "disk");
  if (::mount("tmpfs", (directory_ / "disk").c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "mounting a small disk needs root";
  }
  {
    const auto layout = open_oci_layout((directory_ / "disk/layout").string(), OpenMode::write);
    const auto image = put_image(*layout, "v1", "content");
    try {
      write_blob(*layout, oci::kOciLayer, std::string(1U << 20U, 'x'));
      ADD_FAILURE() << "no error";
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ENOSPC) << error.what();
      EXPECT_TRUE(contains(error.hint(), "free space")) << error.what();
    }
    EXPECT_EQ(layout->get_manifest("v1", {}).bytes, image.bytes);
    EXPECT_EQ(directory_.count_files(), 5U);
  }
  ASSERT_EQ(::umount((directory_ / "disk").c_str()), 0);
}

}  // namespace
}  // namespace accel::store
