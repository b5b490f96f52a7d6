#include "accel/cache/remote.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "cache/cache_builder.hpp"
#include "support/fake_clock.hpp"
#include "support/faulty_repository.hpp"

namespace accel::cache {
namespace {

using namespace testing;  // NOLINT: builders
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CacheRemoteTest : public ::testing::Test {
 protected:
  static Change adds(const std::string& name) {
    Change change;
    change.platforms = {{kAmd64, {make_record(name)}}};
    return change;
  }
  PushOptions options(std::function<void()> on_sleep = {}) {
    PushOptions options;
    options.update.version = "v1";
    options.clock = std::make_shared<FakeClock>(std::move(on_sleep));
    options.random = [] { return 0.5; };
    return options;
  }
  std::vector<std::string> names() {
    const auto image = read_cache(*repository_, "cache", {.version = "v1"}, {}).image;
    if (!image) return {};
    return names_of(image->manifests[0].records, {"a", "b", "c", "d"});
  }

  bool refused_ = false;
  std::shared_ptr<oci::Repository> repository_ = store::make_memory_repository("cache");
};

TEST_F(CacheRemoteTest, tag_points_to_the_descriptor_that_update_returned) {
  const auto expected = update(std::nullopt, adds("a"), {"v1", {}});
  const PushResult result = push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  EXPECT_EQ(result.root, expected->root.descriptor);
  EXPECT_EQ(repository_->stat_manifest("cache", {})->digest, expected->root.descriptor.digest);
  EXPECT_EQ(result.added, 1U);
  EXPECT_EQ(result.attempts, 1);
  EXPECT_TRUE(repository_->has_blob(empty_config(), {}));
}

TEST_F(CacheRemoteTest, nothing_is_written_when_all_is_there) {
  push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  const PushResult result = push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  EXPECT_FALSE(result.is_written);
  EXPECT_EQ(result.attempts, 0);
}

TEST_F(CacheRemoteTest, stale_knowledge_is_noticed_before_the_tag_is_set) {
  push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  const auto stale = read_cache(*repository_, "cache", {.version = "v1"}, {}).image;
  push_cache(*repository_, "cache", adds("b"), {}, options(), {});
  const PushResult result = push_cache(*repository_, "cache", adds("c"), stale, options(), {});
  EXPECT_EQ(result.attempts, 2);
  EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
}

TEST_F(CacheRemoteTest, writer_that_was_overwritten_merges_again) {
  push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  const auto old = read_cache(*repository_, "cache", {.version = "v1"}, {}).image;
  int sleeps = 0;
  // Another writer, which had looked at the tag before we set it, sets it after.
  const auto overwrite = [&] {
    if (sleeps++ == 0) put_update(*repository_, "cache", *update(old, adds("b"), {"v1", {}}));
  };
  const PushResult result = push_cache(*repository_, "cache", adds("c"), old, options(overwrite), {});
  EXPECT_EQ(result.attempts, 2);
  EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
}

TEST_F(CacheRemoteTest, retries_are_bounded) {
  int writes = 0;
  const auto overwrite = [&] {
    put_document(*repository_, "cache", oci::kOciManifest,
                 oci::to_json(reference_manifest({std::to_string(writes++)})));
  };
  PushOptions bounded = options(overwrite);
  bounded.max_attempts = 4;
  EXPECT_THROW(push_cache(*repository_, "cache", adds("a"), {}, bounded, {}), Error);
  EXPECT_EQ(writes, 4);
}

TEST_F(CacheRemoteTest, threads_that_write_at_once_lose_no_record) {
  constexpr int kWriters = 8;
  std::vector<std::thread> writers;
  std::atomic<int> failures{0};
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      PushOptions real;
      real.update.version = "v1";
      try {
        push_cache(*repository_, "cache", adds("w" + std::to_string(i)), {}, real, {});
      } catch (const Error&) {
        ++failures;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(names(), SizeIs(kWriters));
}

TEST_F(CacheRemoteTest, what_is_no_cache_is_never_overwritten) {
  const oci::RawManifest image = put_image(*repository_, "cache", "files");
  try {
    push_cache(*repository_, "cache", adds("a"), {}, options(), {});
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is no cache image and is not overwritten"));
  }
  EXPECT_EQ(repository_->stat_manifest("cache", {})->digest, image.descriptor.digest);
}

TEST_F(CacheRemoteTest, refused_manifest_is_written_without_the_records_of_dead_blobs) {
  write_blob(*repository_, kNydusBlob, "target b");
  write_blob(*repository_, kNydusBlob, "target c");
  for (const char* name : {"a", "b"}) push_cache(*repository_, "cache", adds(name), {}, options(), {});
  // As docker-registry does: no manifest with blobs that are not there.
  ObservedRepository strict(repository_, [&](const std::string& call) {
    if (call != "put_tag cache" || std::exchange(refused_, true)) return;
    RegistryError::Fields fields;
    fields.status = 400;
    throw RegistryError("blob unknown", std::move(fields));
  });
  push_cache(strict, "cache", adds("c"), {}, options(), {});
  EXPECT_THAT(names(), ElementsAre("b", "c"));
}

TEST_F(CacheRemoteTest, cancelled_writer_stops) {
  CancelSource source;
  const auto cancel = [&] { source.cancel(); };
  EXPECT_THROW(push_cache(*repository_, "cache", adds("a"), {}, options([&] {
                 cancel();
                 source.token().check();
               }),
                          source.token()),
               Cancelled);
}

TEST_F(CacheRemoteTest, dead_blobs_are_found) {
  write_blob(*repository_, kNydusBlob, "target a");
  push_cache(*repository_, "cache", adds("a"), {}, options(), {});
  push_cache(*repository_, "cache", adds("b"), {}, options(), {});
  const auto image = read_cache(*repository_, "cache", {.version = "v1"}, {}).image;
  EXPECT_THAT(find_dead(*repository_, *image, {}), ElementsAre(digest_of("target b")));
}

}  // namespace
}  // namespace accel::cache
