// Writers of the local store: what is left of them, and who goes on with it.

#include "accel/store/blob_ingest.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "accel/base/error.hpp"
#include "support/local_stores.hpp"

namespace accel::store {
namespace {

using accel::testing::blob_file;
using accel::testing::describe_blob;
using accel::testing::files_below;
using accel::testing::make_content;
using accel::testing::read_to_end;
using accel::testing::TempDirectory;

class BlobIngestTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::size_t unfinished() const { return files_below(directory_ / "ingest"); }
  [[nodiscard]] std::filesystem::path partial() const {
    return directory_ / "ingest" / ("partial-sha256-" + blob_.digest.hex());
  }
  /// Downloads the first `size` bytes and gives up.
  void interrupt_at(std::size_t size) {
    const auto writer = store_.resume_blob(blob_, {});
    writer->write(ByteView(content_).first(size));
  }
  /// Goes on from `offset` and checks the blob.
  void finish_from(std::size_t offset) {
    const auto writer = store_.resume_blob(blob_, {});
    ASSERT_EQ(writer->offset(), offset);
    writer->write(ByteView(content_).subspan(offset));
    writer->commit(blob_.digest, blob_.size);
    EXPECT_EQ(read_to_end(*store_.open_blob(blob_, {})), content_);
    EXPECT_EQ(unfinished(), 0U);
  }

  const TempDirectory directory_;
  LocalStore store_{directory_.path(), OpenMode::write};
  const Bytes content_ = make_content(3'000'000, 1);
  const oci::Descriptor blob_ = describe_blob(content_);
};

TEST_F(BlobIngestTest, writer_that_is_not_committed_leaves_nothing) {
  {
    const auto writer = store_.create_blob({});
    writer->write(content_);
    EXPECT_EQ(unfinished(), 1U);
  }
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_FALSE(store_.has_blob(blob_.digest));
}

TEST_F(BlobIngestTest, interrupted_download_goes_on_where_it_stopped) {
  interrupt_at(2'000'001);
  EXPECT_EQ(unfinished(), 1U);
  EXPECT_FALSE(store_.has_blob(blob_.digest));
  finish_from(2'000'001);
}

TEST_F(BlobIngestTest, download_goes_on_in_another_process_s_store) {
  interrupt_at(1000);
  const LocalStore reopened(directory_.path(), OpenMode::write);  // recovery keeps it
  finish_from(1000);
}

TEST_F(BlobIngestTest, complete_download_needs_only_its_commit) {
  interrupt_at(content_.size());
  finish_from(content_.size());
}

TEST_F(BlobIngestTest, download_without_a_byte_is_not_kept) {
  interrupt_at(0);
  EXPECT_EQ(unfinished(), 0U);
}

TEST_F(BlobIngestTest, bytes_that_cannot_belong_to_the_blob_are_dropped) {
  interrupt_at(1000);
  ASSERT_EQ(::truncate(partial().c_str(), static_cast<off_t>(blob_.size + 1)), 0);
  finish_from(0);
}

TEST_F(BlobIngestTest, complete_but_wrong_bytes_are_dropped) {
  interrupt_at(1000);
  ASSERT_EQ(::truncate(partial().c_str(), static_cast<off_t>(blob_.size)), 0);  // zeros behind byte 1000
  finish_from(0);
}

TEST_F(BlobIngestTest, wrong_bytes_in_the_middle_are_found_at_the_end_and_not_kept) {
  interrupt_at(1000);
  ASSERT_EQ(::truncate(partial().c_str(), 2000), 0);
  {
    const auto writer = store_.resume_blob(blob_, {});
    ASSERT_EQ(writer->offset(), 2000U);
    writer->write(ByteView(content_).subspan(2000));
    EXPECT_THROW(writer->commit(blob_.digest, blob_.size), DigestMismatch);
  }
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_FALSE(store_.has_blob(blob_.digest));
  finish_from(0);
}

TEST_F(BlobIngestTest, second_writer_of_a_download_begins_anew_beside_the_first) {
  interrupt_at(1000);
  const auto first = store_.resume_blob(blob_, {});
  const auto second = store_.resume_blob(blob_, {});
  EXPECT_EQ(first->offset(), 1000U);
  EXPECT_EQ(second->offset(), 0U);
  second->write(content_);
  second->commit(blob_.digest, blob_.size);
  first->write(ByteView(content_).subspan(1000));
  first->commit(blob_.digest, blob_.size);  // is here already
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_EQ(read_to_end(*store_.open_blob(blob_, {})), content_);
}

TEST_F(BlobIngestTest, complete_blob_takes_no_more_bytes) {
  const auto writer = store_.create_blob({});
  writer->write(content_);
  writer->commit(blob_.digest, blob_.size);
  EXPECT_THROW(writer->write(content_), StoreError);
  EXPECT_THROW(writer->commit(blob_.digest, blob_.size), StoreError);
  EXPECT_EQ(read_to_end(*store_.open_blob(blob_, {})), content_);
}

TEST_F(BlobIngestTest, blob_stays_pinned_as_long_as_its_writer) {
  auto writer = store_.create_blob({});
  writer->write(content_);
  writer->commit(blob_.digest, blob_.size);
  EXPECT_FALSE(store_.evict_blob(blob_.digest));
  // The second writer finds the blob there, and pins that one.
  auto second = store_.create_blob({});
  second->write(content_);
  second->commit(blob_.digest, blob_.size);
  writer.reset();
  EXPECT_FALSE(store_.evict_blob(blob_.digest));
  second.reset();
  EXPECT_TRUE(store_.evict_blob(blob_.digest));
}

TEST_F(BlobIngestTest, blob_that_was_cut_off_is_replaced) {
  directory_.write(blob_file(blob_.digest), "short");
  interrupt_at(1000);
  finish_from(1000);
}

TEST_F(BlobIngestTest, link_in_the_place_of_a_blob_is_replaced_and_not_followed) {
  const auto elsewhere = directory_.write("elsewhere", "keep me");
  std::filesystem::create_symlink(elsewhere, directory_ / blob_file(blob_.digest));
  EXPECT_FALSE(store_.has_blob(blob_.digest));
  EXPECT_EQ(store_.pin_blob(blob_.digest), nullptr);
  finish_from(0);
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(directory_ / blob_file(blob_.digest))));
  EXPECT_EQ(directory_.read("elsewhere"), "keep me");
}

TEST_F(BlobIngestTest, recovery_removes_what_dead_writers_left_and_spares_the_living) {
  const auto alive = store_.create_blob({});
  alive->write(content_);
  interrupt_at(1000);
  directory_.write("ingest/.accel-tmp-0123456789", "of a dead writer");
  const auto done = describe_blob(as_bytes("done"));
  directory_.write("ingest/partial-sha256-" + done.digest.hex(), "do");
  directory_.write(blob_file(done.digest), "done");
  directory_.write("ingest/partial-sha256-" + std::string(64, 'a'), "");
  EXPECT_EQ(unfinished(), 5U);
  const LocalStore reopened(directory_.path(), OpenMode::write);
  EXPECT_EQ(unfinished(), 2U);
  EXPECT_TRUE(std::filesystem::exists(partial()));
  alive->commit(blob_.digest, blob_.size);
}

}  // namespace
}  // namespace accel::store
