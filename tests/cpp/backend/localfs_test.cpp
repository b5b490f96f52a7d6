#include "accel/backend/localfs.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "accel/base/error.hpp"
#include "support/blob_content.hpp"
#include "support/temp_directory.hpp"

namespace accel::backend {
namespace {

class LocalfsTest : public ::testing::Test {
 protected:
  std::shared_ptr<BlobBackend> open(bool force_push = false) {
    return make_localfs_backend({(directory_ / "blobs/below").string()}, force_push);
  }
  std::string path(const hash::Digest& digest) { return "blobs/below/" + digest.hex(); }

  testing::TempDirectory directory_;
  CancelSource cancel_;
  const Bytes content_ = testing::make_content(300'000, 1);
  const oci::Descriptor blob_ = testing::describe_blob(content_);

  void push(BlobBackend& backend) {
    auto writer = backend.create_blob(0, cancel_.token());
    writer->write(ByteView(content_).first(100'000));
    writer->write(ByteView(content_).subspan(100'000));
    writer->commit(blob_.digest, blob_.size);
  }
};

TEST_F(LocalfsTest, blob_appears_under_its_digest) {
  const auto backend = open();
  EXPECT_FALSE(backend->has_blob(blob_.digest, blob_.size, {}));
  push(*backend);
  EXPECT_EQ(directory_.read(path(blob_.digest)), as_text(content_));
  EXPECT_EQ(directory_.count_files(), 1U);
  EXPECT_TRUE(backend->has_blob(blob_.digest, blob_.size, {}));
  EXPECT_EQ(backend->stat_blob(blob_.digest, {}), blob_.size);
  Bytes part(1000);
  backend->blob_source(blob_.digest, blob_.size, {})->read_at(5000, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), content_.begin() + 5000));
}

TEST_F(LocalfsTest, blob_that_is_abandoned_leaves_nothing) {
  {
    auto writer = open()->create_blob(0, cancel_.token());
    writer->write(content_);
  }
  EXPECT_EQ(directory_.count_files(), 0U);
}

TEST_F(LocalfsTest, wrong_size_at_the_end_leaves_nothing) {
  auto writer = open()->create_blob(0, cancel_.token());
  writer->write(content_);
  EXPECT_THROW(writer->commit(blob_.digest, blob_.size + 1), DigestMismatch);
  writer.reset();
  EXPECT_EQ(directory_.count_files(), 0U);
}

TEST_F(LocalfsTest, cancel_ends_a_blob) {
  auto writer = open()->create_blob(0, cancel_.token());
  cancel_.cancel();
  EXPECT_THROW(writer->write(content_), Cancelled);
}

TEST_F(LocalfsTest, blob_of_the_same_size_is_kept_unless_forced) {
  const std::string other(blob_.size, 'o');
  directory_.write(path(blob_.digest), other);
  push(*open());
  EXPECT_EQ(directory_.read(path(blob_.digest)), other);
  EXPECT_FALSE(open(true)->has_blob(blob_.digest, blob_.size, {}));
  push(*open(true));
  EXPECT_EQ(directory_.read(path(blob_.digest)), as_text(content_));
}

TEST_F(LocalfsTest, blob_of_another_size_is_replaced) {
  directory_.write(path(blob_.digest), "half of it");
  EXPECT_FALSE(open()->has_blob(blob_.digest, blob_.size, {}));
  push(*open());
  EXPECT_EQ(directory_.read(path(blob_.digest)), as_text(content_));
}

TEST_F(LocalfsTest, source_of_a_blob_of_another_size_is_an_error) {
  directory_.write(path(blob_.digest), "half of it");
  EXPECT_THROW(open()->blob_source(blob_.digest, blob_.size, {}), FormatError);
  EXPECT_THROW(open()->blob_source(hash::sha256({}), 1, {}), StoreError);
}

TEST_F(LocalfsTest, directory_that_cannot_be_made_is_an_error_that_names_it) {
  directory_.write("file", "x");
  const auto backend = make_localfs_backend({(directory_ / "file/below").string()}, false);
  try {
    backend->create_blob(0, {});
    FAIL() << "made";
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("file/below"), std::string::npos);
  }
}

}  // namespace
}  // namespace accel::backend
