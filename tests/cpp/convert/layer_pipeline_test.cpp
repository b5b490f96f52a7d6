#include "accel/convert/layer_pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/store/stores.hpp"
#include "convert/damaged_repository.hpp"
#include "convert/fake_format.hpp"
#include "convert/image_builder.hpp"
#include "support/faulty_repository.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::ElementsAre;
using ::testing::SizeIs;

class LayerPipelineTest : public ::testing::Test {
 protected:
  /// Converts one layer for a target of each behaviour.
  std::vector<ConvertedLayer> convert(const BuiltLayer& layer, const std::vector<FakeBehaviour>& behaviours) {
    std::vector<PlannedTarget> plans(behaviours.size());
    std::vector<LayerTarget> targets;
    for (std::size_t i = 0; i < behaviours.size(); ++i) {
      plans[i].driver = "fake" + std::to_string(i);
      plans[i].format = std::make_shared<FakeFormat>(behaviours[i]);
      plans[i].to_oci = behaviours[i].needs_oci;
      targets.push_back({&plans[i], target_.get()});
    }
    const PlannedLayer planned{layer.descriptor, layer.diff_id, "linux/amd64", {}};
    ThreadPool pool(2);
    MemoryBudget budget(16U << 20U);
    return convert_layer(planned, *source_, targets, {environment_, job_, pool, budget}, cancel_.token());
  }

  std::size_t blobs_read_ = 0;
  std::shared_ptr<oci::Repository> stored_ = store::make_memory_repository("source");
  std::shared_ptr<oci::Repository> source_ =
      std::make_shared<ObservedRepository>(stored_, [this](const std::string& call) {
        if (call.starts_with("open_blob")) ++blobs_read_;
      });
  std::shared_ptr<oci::Repository> target_ = store::make_memory_repository("target");
  Environment environment_;
  JobState job_{{}, Reporter(*environment_.progress, "image")};
  CancelSource cancel_;
};

TEST_F(LayerPipelineTest, every_byte_of_the_tar_reaches_every_target_from_one_read) {
  for (const auto compression : {codec::Compression::none, codec::Compression::gzip, codec::Compression::zstd}) {
    blobs_read_ = 0;
    const std::string tar = sample_tar(1, 3'000'000);
    const auto results = convert(build_layer(*stored_, tar, compression), {{}, {}, {}});
    ASSERT_THAT(results, SizeIs(3));
    for (const ConvertedLayer& result : results) {
      EXPECT_EQ(result.action, LayerAction::convert);
      EXPECT_EQ(read_blob(*target_, result.blob), tar);
    }
    EXPECT_EQ(blobs_read_, 1U);
  }
}

TEST_F(LayerPipelineTest, compression_is_what_the_bytes_say) {
  const std::string tar = sample_tar(1);
  const auto results = convert(build_layer(*stored_, tar, codec::Compression::gzip, oci::kOciLayer), {{}});
  EXPECT_EQ(read_blob(*target_, results[0].blob), tar);
}

TEST_F(LayerPipelineTest, empty_layers_pass) {
  for (const std::string& tar : {std::string(), std::string(1024, '\0'), std::string(10240, '\0')}) {
    for (const auto compression : {codec::Compression::none, codec::Compression::gzip}) {
      const auto results = convert(build_layer(*stored_, tar, compression), {{}});
      EXPECT_EQ(read_blob(*target_, results[0].blob), tar);
    }
  }
}

TEST_F(LayerPipelineTest, target_sees_the_media_type_it_will_have) {
  FakeBehaviour docker;
  docker.needs_oci = false;
  const auto results = convert(build_docker_layer(*stored_, sample_tar(1)), {{}, docker});
  EXPECT_EQ(results[0].result.media_type, oci::kOciLayer);
  EXPECT_EQ(results[1].result.media_type, oci::kDockerLayer);
}

TEST_F(LayerPipelineTest, only_the_target_that_asks_for_it_is_run_again) {
  FakeBehaviour restarting;
  restarting.restarts = true;
  const std::string tar = sample_tar(1, 2'000'000);
  const auto results = convert(build_layer(*stored_, tar), {restarting, {}, restarting});
  for (const ConvertedLayer& result : results) EXPECT_EQ(read_blob(*target_, result.blob), tar);
  EXPECT_EQ(blobs_read_, 2U);
}

TEST_F(LayerPipelineTest, restart_of_all_targets_does_not_wait_for_the_rest_of_the_first_read) {
  FakeBehaviour restarting;
  restarting.restarts = true;
  const std::string tar = sample_tar(1, 8'000'000);
  const auto results = convert(build_layer(*stored_, tar, codec::Compression::none), {restarting});
  EXPECT_EQ(read_blob(*target_, results[0].blob), tar);
  EXPECT_LT(job_.tally.read, 2 * tar.size() - 1'000'000);
}

TEST_F(LayerPipelineTest, side_blob_is_stored_beside_the_layer) {
  FakeBehaviour external;
  external.side_blob = "toc";
  const auto results = convert(build_layer(*stored_, sample_tar(1)), {external});
  ASSERT_TRUE(results[0].external_toc.has_value());
  EXPECT_EQ(read_blob(*target_, *results[0].external_toc), "toc");
  EXPECT_TRUE(results[0].result.side_blob.empty()) << "not kept in memory";
}

TEST_F(LayerPipelineTest, notes_of_the_encoder_arrive) {
  TarBuilder tar;
  tar.file("note").end();
  EXPECT_THAT(convert(build_layer(*stored_, tar.text()), {{}})[0].notes, ElementsAre("has an entry called note"));
}

TEST_F(LayerPipelineTest, counters_add_up) {
  const std::string tar = sample_tar(1);
  const BuiltLayer layer = build_layer(*stored_, tar);
  convert(layer, {{}, {}});
  EXPECT_EQ(job_.tally.read, layer.descriptor.size);
  EXPECT_EQ(job_.tally.written, 2 * tar.size());
  EXPECT_EQ(job_.tally.uploaded, 2 * tar.size());
}

TEST_F(LayerPipelineTest, wrong_diff_id_is_found_and_nothing_is_committed) {
  BuiltLayer layer = build_layer(*stored_, sample_tar(1));
  const hash::Digest right = layer.diff_id;
  layer.diff_id = hash::sha256(as_bytes("other"));
  std::size_t commits = 0;
  target_ =
      std::make_shared<ObservedRepository>(target_, [&](const std::string& call) { commits += call == "commit"; });
  try {
    convert(layer, {{}, {}});
    FAIL() << "nothing was thrown";
  } catch (const DigestMismatch& error) {
    EXPECT_EQ(error.expected(), layer.diff_id.to_string());
    EXPECT_EQ(error.actual(), right.to_string());
  }
  EXPECT_EQ(commits, 0U);
}

TEST_F(LayerPipelineTest, failing_encoder_fails_the_layer) {
  for (const std::size_t call : {0U, 1U, 2U, 5U}) {
    FakeBehaviour failing;
    failing.fails_at = call;
    EXPECT_THROW(convert(build_layer(*stored_, sample_tar(1)), {{}, failing}), FormatError) << call;
  }
}

TEST_F(LayerPipelineTest, damaged_blob_is_reported_as_such_and_not_as_bad_gzip_or_tar) {
  const std::string tar = sample_tar(1, 2'000'000);
  for (const auto compression : {codec::Compression::none, codec::Compression::gzip, codec::Compression::zstd}) {
    const BuiltLayer layer = build_layer(*stored_, tar, compression);
    std::string bytes = compress(tar, compression);
    for (const std::size_t position : {std::size_t{0}, std::size_t{300}, bytes.size() / 2, bytes.size() - 1}) {
      std::string damaged = bytes;
      damaged[position] = static_cast<char>(damaged[position] ^ 0x20);
      source_ = std::make_shared<DamagedRepository>(stored_, damaged);
      EXPECT_THROW(convert(layer, {{}}), DigestMismatch) << position;
    }
  }
}

TEST_F(LayerPipelineTest, truncated_blob_fails) {
  const std::string tar = sample_tar(1);
  const BuiltLayer layer = build_layer(*stored_, tar);
  const std::string bytes = compress(tar, codec::Compression::gzip);
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
    source_ = std::make_shared<DamagedRepository>(stored_, bytes.substr(0, size));
    EXPECT_THROW(convert(layer, {{}}), Error) << size;
  }
}

TEST_F(LayerPipelineTest, bad_gzip_and_bad_tar_with_the_right_digest_are_format_errors) {
  std::string gzip = compress(sample_tar(1), codec::Compression::gzip);
  gzip[gzip.size() / 2] = static_cast<char>(gzip[gzip.size() / 2] ^ 1);
  for (const std::string& bytes : {gzip, gzip.substr(0, gzip.size() / 2), std::string(2000, 'x')}) {
    const BuiltLayer layer{write_blob(*stored_, oci::kOciLayerGzip, bytes), {}};
    EXPECT_THROW(convert(layer, {{}}), FormatError);
  }
}

TEST_F(LayerPipelineTest, decompression_bomb_is_stopped) {
  environment_.decode_limits.max_bytes = 1U << 20U;
  TarBuilder tar;
  tar.file("zeros", std::string(4U << 20U, '\0')).end();
  EXPECT_THROW(convert(build_layer(*stored_, tar.text()), {{}}), FormatError);
}

TEST_F(LayerPipelineTest, source_or_target_that_fails_at_any_call_fails_the_layer_without_a_hang) {
  const BuiltLayer layer = build_layer(*stored_, sample_tar(1, 1'500'000));
  const auto plain_target = target_;
  for (const bool at_source : {true, false}) {
    for (std::size_t call = 0;; ++call) {
      const auto fail = std::make_shared<FailAt>(call);
      const auto observer = [fail](const std::string& name) { (*fail)(name); };
      source_ = stored_;
      target_ = plain_target;
      (at_source ? source_ : target_) = std::make_shared<ObservedRepository>(at_source ? source_ : target_, observer);
      try {
        convert(layer, {{}, {}});
        EXPECT_LE(fail->calls, call) << "a failure was swallowed";
        break;
      } catch (const Unreachable&) {
      }
      ASSERT_LT(call, 10'000U);
    }
  }
}

TEST_F(LayerPipelineTest, cancel_at_any_call_ends_it_as_cancelled) {
  const BuiltLayer layer = build_layer(*stored_, sample_tar(1, 1'500'000));
  for (std::size_t call = 0;; ++call) {
    cancel_ = CancelSource();
    const auto seen = std::make_shared<std::atomic<std::size_t>>(0);
    const auto observer = [this, seen, call](const std::string&) {
      if ((*seen)++ == call) cancel_.cancel();
    };
    source_ = std::make_shared<ObservedRepository>(stored_, observer);
    bool cancelled = false;
    try {
      convert(layer, {{}});
    } catch (const Cancelled&) {
      cancelled = true;
    }
    if (*seen <= call) break;
    EXPECT_TRUE(cancelled || *seen == call + 1) << call;  // only the very last call may come too late
  }
}

}  // namespace
}  // namespace accel::convert
