// What the collector takes, and what it leaves.

#include "accel/store/gc.hpp"

#include <gtest/gtest.h>
#include <utime.h>

#include <ctime>

#include "accel/base/error.hpp"
#include "support/local_stores.hpp"

namespace accel::store {
namespace {

using accel::testing::blob_file;
using accel::testing::describe_blob;
using accel::testing::make_content;
using accel::testing::put_blob;
using accel::testing::TempDirectory;
using accel::testing::use_blob;

constexpr std::size_t kSize = 65536;  // whole blocks on every file system

class GcTest : public ::testing::Test {
 protected:
  GcTest() {
    for (unsigned seed = 0; seed < 10; ++seed) blobs_.push_back(put_blob(store_, kSize, seed));
    each_ = store_.usage().blob_bytes / 10;
  }
  /// Seeds of the blobs that are here.
  [[nodiscard]] std::vector<unsigned> here() const {
    std::vector<unsigned> found;
    for (unsigned seed = 0; seed < 10; ++seed) {
      if (store_.has_blob(blobs_[seed].digest)) found.push_back(seed);
    }
    return found;
  }

  const TempDirectory directory_;
  LocalStore store_{directory_.path(), OpenMode::write};
  std::vector<oci::Descriptor> blobs_;
  std::uint64_t each_ = 0;  // bytes of disk of a blob
};

TEST_F(GcTest, part_of_a_threshold_is_exact_and_does_not_overflow) {
  EXPECT_EQ(part_of(1000, 80), 800U);
  EXPECT_EQ(part_of(199, 80), 159U);
  EXPECT_EQ(part_of(~std::uint64_t{0}, 100), ~std::uint64_t{0});
  EXPECT_EQ(part_of(~std::uint64_t{0}, 40), 7378697629483820646U);
}

TEST_F(GcTest, nothing_goes_below_the_mark_or_without_a_limit) {
  EXPECT_EQ(store_.collect({}, {}).evicted_blobs, 0U);
  const auto report = store_.collect({.threshold = each_ * 25 / 2}, {});  // 80 % are exactly ten blobs
  EXPECT_EQ(report.evicted_blobs, 0U);
  EXPECT_EQ(report.before_bytes, 10 * each_);
  EXPECT_EQ(report.after_bytes, 10 * each_);
  EXPECT_EQ(report.target_bytes, 10 * each_);
  EXPECT_EQ(here().size(), 10U);
}

TEST_F(GcTest, after_a_task_it_comes_down_to_80_percent_and_hourly_to_40) {
  auto report = store_.collect({.threshold = 10 * each_}, {});
  EXPECT_EQ(report.evicted_blobs, 2U);
  EXPECT_EQ(report.evicted_bytes, 2 * each_);
  EXPECT_EQ(report.after_bytes, 8 * each_);
  EXPECT_EQ(report.after_bytes, store_.usage().total_bytes());
  report = store_.collect({.threshold = 10 * each_, .percent = kHourlyPercent}, {});
  EXPECT_EQ(report.after_bytes, 4 * each_);
  EXPECT_EQ(here(), (std::vector<unsigned>{6, 7, 8, 9}));
}

TEST_F(GcTest, least_used_go_first_and_among_equals_the_least_recently_used) {
  for (const unsigned seed : {0U, 1U, 2U, 0U, 5U}) use_blob(store_, blobs_[seed]);
  // uses: 0 three; 1, 2, 5 two; the others one.
  store_.collect({.threshold = 10 * each_, .percent = 40}, {});
  EXPECT_EQ(here(), (std::vector<unsigned>{0, 1, 2, 5}));
  store_.collect({.threshold = 10 * each_, .percent = 20}, {});
  EXPECT_EQ(here(), (std::vector<unsigned>{0, 5}));
  store_.collect({.threshold = 10 * each_, .percent = 10}, {});
  EXPECT_EQ(here(), (std::vector<unsigned>{0}));
}

TEST_F(GcTest, order_is_that_of_blobs) {
  for (const unsigned seed : {3U, 7U, 3U}) use_blob(store_, blobs_[seed]);
  const auto order = store_.blobs();
  store_.collect({.threshold = 10 * each_, .percent = 50}, {});
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(store_.has_blob(order[i].digest), i >= 5);
}

TEST_F(GcTest, pinned_blobs_stay_whoever_pinned_them) {
  LocalStore other(directory_.path(), OpenMode::write);
  auto pinned = other.pin_blob(blobs_[0].digest);
  const auto read = store_.open_blob(blobs_[1], {});
  ASSERT_EQ(store_.usage().pinned_blobs, 2U);
  auto report = store_.collect({.threshold = 1, .percent = 0}, {});
  EXPECT_EQ(here(), (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(report.evicted_blobs, 8U);
  EXPECT_EQ(report.pinned_blobs, 2U);
  EXPECT_EQ(report.pinned_bytes, 2 * each_);
  EXPECT_EQ(report.after_bytes, 2 * each_);
  EXPECT_EQ(accel::testing::read_to_end(*read), make_content(kSize, 1));
  pinned.reset();
  report = store_.collect({.threshold = 1, .percent = 0}, {});
  EXPECT_EQ(here(), (std::vector<unsigned>{1}));
}

TEST_F(GcTest, dry_run_says_the_same_and_does_nothing) {
  const auto pinned = store_.pin_blob(blobs_[0].digest);
  const CollectOptions options{.threshold = 10 * each_, .percent = 0, .dry_run = true};
  const auto dry = store_.collect(options, {});
  EXPECT_EQ(here().size(), 10U);
  EXPECT_EQ(store_.blobs().at(0).uses, 1U);
  const auto real = store_.collect({.threshold = 10 * each_, .percent = 0}, {});
  EXPECT_EQ(dry.evicted_blobs, 9U);
  EXPECT_EQ(dry.evicted_blobs, real.evicted_blobs);
  EXPECT_EQ(dry.pinned_blobs, real.pinned_blobs);
  EXPECT_EQ(dry.after_bytes, real.after_bytes);
}

TEST_F(GcTest, evicted_blob_that_comes_back_begins_anew) {
  for (int i = 0; i < 5; ++i) use_blob(store_, blobs_[0]);
  store_.collect({.threshold = 1, .percent = 0}, {});
  EXPECT_TRUE(store_.blobs().empty());
  put_blob(store_, kSize, 0);
  EXPECT_EQ(store_.blobs().at(0).uses, 1U);
}

TEST_F(GcTest, unfinished_downloads_count_and_go_first) {
  const Bytes content = make_content(kSize * 2, 77);
  const auto download = describe_blob(content);
  {
    const auto writer = store_.resume_blob(download, {});
    writer->write(ByteView(content).first(kSize));
  }
  auto report = store_.collect({.threshold = 11 * each_, .percent = 100}, {});
  EXPECT_EQ(report.before_bytes, 11 * each_);
  EXPECT_EQ(report.removed_partials, 0U);
  {
    const auto writer = store_.resume_blob(download, {});  // somebody is at it
    ASSERT_EQ(writer->offset(), kSize);
    report = store_.collect({.threshold = 10 * each_, .percent = 100}, {});
    EXPECT_EQ(report.removed_partials, 0U);
    EXPECT_EQ(report.evicted_blobs, 1U);
  }
  report = store_.collect({.threshold = 9 * each_, .percent = 100}, {});
  EXPECT_EQ(report.removed_partials, 1U);
  EXPECT_EQ(report.removed_partial_bytes, each_);
  EXPECT_EQ(report.evicted_blobs, 0U);
  EXPECT_EQ(store_.resume_blob(download, {})->offset(), 0U);
}

TEST_F(GcTest, downloads_nobody_goes_on_with_go_after_a_day_also_when_the_clock_went_backwards) {
  const std::time_t now = std::time(nullptr);
  constexpr std::time_t kHour = 3600;
  const std::pair<std::time_t, bool> cases[] = {
      {now - 23 * kHour, true}, {now - 25 * kHour, false}, {now + 23 * kHour, true}, {now + 25 * kHour, false}};
  for (const auto& [modified, stays] : cases) {
    const auto download = describe_blob(make_content(10, static_cast<unsigned>(modified)));
    const auto file = directory_.write("ingest/partial-sha256-" + download.digest.hex(), "12345");
    const utimbuf times{modified, modified};
    ASSERT_EQ(::utime(file.c_str(), &times), 0);
    EXPECT_EQ(store_.collect({}, {}).removed_partials, stays ? 0U : 1U);
    EXPECT_EQ(std::filesystem::exists(file), stays);
    std::filesystem::remove(file);
  }
}

TEST_F(GcTest, temporaries_of_dead_writers_go) {
  const auto alive = store_.create_blob({});
  alive->write(make_content(kSize, 50));
  const auto dead = directory_.write("ingest/.accel-tmp-0123456789", std::string(kSize, 'x'));
  const auto foreign = directory_.write("ingest/notes", std::string(kSize, 'x'));  // of somebody with such a directory
  EXPECT_EQ(store_.collect({.dry_run = true}, {}).before_bytes, 12 * each_);
  EXPECT_EQ(store_.collect({}, {}).before_bytes, 11 * each_);
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST_F(GcTest, cancel_stops_it_between_two_blobs) {
  CancelSource source;
  source.cancel();
  EXPECT_THROW(store_.collect({.threshold = 1, .percent = 0}, source.token()), Cancelled);
  EXPECT_EQ(here().size(), 10U);
}

TEST_F(GcTest, percent_is_checked) { EXPECT_THROW(store_.collect({.threshold = 1, .percent = 101}, {}), ConfigError); }

TEST_F(GcTest, store_opened_for_reading_can_only_be_asked) {
  LocalStore reader(directory_.path(), OpenMode::read);
  EXPECT_THROW(reader.collect({.threshold = 1}, {}), StoreError);
  EXPECT_EQ(reader.collect({.threshold = 10 * each_, .dry_run = true}, {}).evicted_blobs, 2U);
}

TEST_F(GcTest, links_and_foreign_files_are_left_alone) {
  const auto elsewhere = directory_.write("elsewhere", std::string(kSize, 'x'));
  const auto link = directory_ / blob_file(hash::sha256(as_bytes("link")));
  std::filesystem::create_symlink(elsewhere, link);
  directory_.write("blobs/sha256/readme", "text");
  store_.collect({.threshold = 1, .percent = 0}, {});
  EXPECT_TRUE(here().empty());
  EXPECT_TRUE(std::filesystem::exists(elsewhere));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "blobs/sha256/readme"));
}

}  // namespace
}  // namespace accel::store
