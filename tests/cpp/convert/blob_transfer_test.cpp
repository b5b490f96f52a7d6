#include "accel/convert/blob_transfer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/store/stores.hpp"
#include "convert/damaged_repository.hpp"
#include "convert/image_builder.hpp"
#include "support/faulty_repository.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::StartsWith;

/// Remembers the events.
class Recorder final : public ProgressObserver {
 public:
  void on_event(const ProgressEvent& event) override { events.push_back(event); }
  std::vector<ProgressEvent> events;
};

class BlobTransferTest : public ::testing::Test {
 protected:
  Transfer transfer(const oci::Descriptor& blob) {
    return transfer_blob(blob, *source_, *target_, job_, "id", cancel_.token());
  }

  std::shared_ptr<oci::Repository> source_ = store::make_memory_repository("source");
  std::vector<std::string> calls_;
  TempDirectory directory_;
  // A layout, because two memories could share the blob without copying.
  std::shared_ptr<oci::Repository> layout_ =
      store::open_oci_layout((directory_ / "layout").string(), store::OpenMode::write);
  std::shared_ptr<oci::Repository> target_ =
      std::make_shared<ObservedRepository>(layout_, [this](const std::string& call) { calls_.push_back(call); });
  Recorder recorder_;
  JobState job_{{}, Reporter(recorder_, "image")};
  CancelSource cancel_;
};

TEST_F(BlobTransferTest, absent_blob_is_copied_whole) {
  for (const std::size_t size : {0U, 1U, 262'144U, 3'000'000U}) {
    const std::string text = sample_text(size, 5);
    const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, text);
    EXPECT_EQ(transfer(blob), Transfer::copied);
    EXPECT_EQ(read_blob(*target_, blob), text);
  }
  EXPECT_EQ(job_.tally.uploaded, 3'262'145U);
  EXPECT_EQ(job_.tally.read, 3'262'145U);
}

TEST_F(BlobTransferTest, blob_that_is_there_is_not_sent) {
  write_blob(*layout_, oci::kOciLayer, "text");
  EXPECT_EQ(transfer(write_blob(*source_, oci::kOciLayer, "text")), Transfer::existed);
  EXPECT_THAT(calls_, ElementsAre("has_blob"));
  EXPECT_EQ(job_.tally.uploaded, 0U);
}

TEST_F(BlobTransferTest, blob_of_a_place_nearby_is_mounted) {
  const auto other = store::open_oci_layout((directory_ / "other").string(), store::OpenMode::write);
  const oci::Descriptor blob = write_blob(*other, oci::kOciLayer, "text");
  EXPECT_EQ(transfer_blob(blob, *other, *layout_, job_, "id", {}), Transfer::mounted);
  EXPECT_EQ(read_blob(*layout_, blob), "text");
  EXPECT_EQ(job_.tally.mounted, 4U);
}

TEST_F(BlobTransferTest, damaged_blob_is_not_committed) {
  const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, "text");
  source_ = std::make_shared<DamagedRepository>(source_, "texT");
  EXPECT_THROW(transfer(blob), DigestMismatch);
  EXPECT_FALSE(layout_->has_blob(blob, {}));
}

TEST_F(BlobTransferTest, failure_of_either_side_is_the_error) {
  const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, sample_text(2'000'000, 1));
  const auto plain = source_;
  for (std::size_t call = 0; call < 6; ++call) {
    const auto fail = std::make_shared<FailAt>(call);
    source_ = std::make_shared<ObservedRepository>(plain, [fail](const std::string& name) { (*fail)(name); });
    EXPECT_THROW(transfer(blob), Unreachable) << call;
    EXPECT_FALSE(layout_->has_blob(blob, {}));
  }
  source_ = plain;
  for (std::size_t call = 0; call < 6; ++call) {
    const auto fail = std::make_shared<FailAt>(call);
    target_ = std::make_shared<ObservedRepository>(layout_, [fail](const std::string& name) { (*fail)(name); });
    EXPECT_THROW(transfer(blob), Unreachable) << call;
    EXPECT_FALSE(layout_->has_blob(blob, {}));
  }
}

TEST_F(BlobTransferTest, stream_that_the_target_breaks_off_is_sent_again_in_pieces) {
  const std::string text = sample_text(2'000'000, 1);
  const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, text);
  for (const std::string broken : {"stream_blob", "write", "commit"}) {
    bool failed = false;
    calls_.clear();
    target_ = std::make_shared<ObservedRepository>(
        store::open_oci_layout((directory_ / broken).string(), store::OpenMode::write), [&](const std::string& call) {
          calls_.push_back(call);
          if (call != broken || std::exchange(failed, true)) return;
          throw Unreachable("the connection broke", RegistryError::Fields{});
        });
    EXPECT_EQ(transfer(blob), Transfer::copied) << broken;
    EXPECT_EQ(read_blob(*target_, blob), text) << broken;
    EXPECT_EQ(std::count(calls_.begin(), calls_.end(), "create_blob"), 1) << broken;
  }
}

TEST_F(BlobTransferTest, refusal_that_no_other_way_changes_is_not_tried_again) {
  const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, "text");
  target_ = std::make_shared<ObservedRepository>(layout_, [&](const std::string& call) {
    calls_.push_back(call);
    if (call == "stream_blob") throw Unauthorized("you may not", RegistryError::Fields{});
  });
  EXPECT_THROW(transfer(blob), Unauthorized);
  EXPECT_EQ(calls_.back(), "stream_blob");
}

TEST_F(BlobTransferTest, progress_begins_grows_and_ends) {
  const oci::Descriptor blob = write_blob(*source_, oci::kOciLayer, sample_text(1'000'000, 1));
  transfer(blob);
  ASSERT_GE(recorder_.events.size(), 3U);
  EXPECT_EQ(recorder_.events.front().state, ProgressState::started);
  EXPECT_EQ(recorder_.events.back().state, ProgressState::done);
  std::uint64_t before = 0;
  for (const ProgressEvent& event : recorder_.events) {
    EXPECT_EQ(event.kind, "push");
    EXPECT_EQ(event.id, "id");
    EXPECT_EQ(event.image, "image");
    EXPECT_EQ(event.total, blob.size);
    EXPECT_GE(event.done, before);
    before = event.done;
  }
  EXPECT_EQ(before, blob.size);
}

TEST_F(BlobTransferTest, new_blob_is_put_once) {
  const oci::Descriptor blob = oci::describe(oci::kOciConfig, "{}");
  put_blob(*target_, blob, as_bytes("{}"), job_.tally, {});
  put_blob(*target_, blob, as_bytes("{}"), job_.tally, {});
  EXPECT_EQ(job_.tally.written, 2U);
  EXPECT_EQ(read_blob(*layout_, blob), "{}");
}

TEST_F(BlobTransferTest, sink_hashes_and_counts) {
  std::uint64_t last = 0;
  BlobSink sink(layout_->create_blob(0, {}), job_.tally, [&](std::uint64_t written) { last = written; });
  sink.write(as_bytes("ab"));
  sink.write(as_bytes("c"));
  const oci::Descriptor blob = sink.commit();
  EXPECT_EQ(last, 3U);
  EXPECT_EQ(blob.size, 3U);
  EXPECT_EQ(blob.digest, hash::sha256(as_bytes("abc")));
  EXPECT_EQ(read_blob(*layout_, blob), "abc");
}

TEST_F(BlobTransferTest, sink_that_is_dropped_leaves_nothing) {
  write_blob(*layout_, oci::kOciLayer, "another");  // the layout's own files are there now
  const std::size_t before = directory_.count_files();
  {
    BlobSink sink(layout_->create_blob(0, {}), job_.tally);
    sink.write(as_bytes("abc"));
  }
  EXPECT_EQ(directory_.count_files(), before);
}

}  // namespace
}  // namespace accel::convert
