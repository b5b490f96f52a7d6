#include "accel/convert/layer_cache.hpp"

#include <gmock/gmock.h>

#include <mutex>

#include "accel/base/error.hpp"
#include "accel/cache/annotation.hpp"
#include "accel/cache/cache_image.hpp"
#include "convert/conversion_fixture.hpp"
#include "support/fake_clock.hpp"
#include "support/faulty_repository.hpp"

namespace accel::convert {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class KeptLog final : public Logger {
 public:
  void log(LogLevel level, std::string_view message, const LogFields&) override {
    const std::scoped_lock lock(mutex_);
    if (level == LogLevel::warning) warnings.emplace_back(message);
  }
  std::vector<std::string> warnings;  // read between conversions only

 private:
  std::mutex mutex_;
};

struct Driver {
  const char* name;
  formats::OptionValues options;
};

const std::vector<Driver> kDrivers = {{"estargz", {}},
                                      {"estargz", {{"external_toc", "true"}, {"keep_diff_id", "true"}}},
                                      {"zstdchunked", {}},
                                      {"zstdchunked", {{"dialect", "joint"}}},
                                      {"nydus", {}},
                                      {"nydus", {{"fs_version", "5"}}},
                                      {"nydus", {{"oci_ref", "true"}, {"oci_ref_zstd", "native"}}}};

/// The cache is in the target's repository, unless a test says otherwise.
class LayerCacheTest : public ConversionFixture {
 protected:
  LayerCacheTest() {
    environment_.log = log_;
    environment_.clock = std::make_shared<FakeClock>();
    build_two_platforms(*source_, "v1");
    cache_ = target_;
  }
  ConvertReport run_driver(const Driver& driver, const std::string& tag = "v1") {
    request_.targets.clear();
    tags_.clear();
    want(driver.name, "out", driver.options);
    log_->warnings.clear();
    return run(tag);
  }
  cache::CacheImage cached() { return *cache::read_cache(*cache_, "cache", {.version = "v1"}, {}).image; }
  /// Changes every layer of the cache image of platform amd64.
  void change_records(const std::function<void(oci::Descriptor&)>& change) {
    const oci::RawManifest root = cache_->get_manifest("cache", {});
    oci::Index index = oci::parse_index(root.bytes);
    for (oci::Descriptor& child : index.manifests) {
      oci::Manifest manifest = oci::parse_manifest(cache_->get_manifest(child.digest.to_string(), {}).bytes);
      for (oci::Descriptor& layer : manifest.layers) change(layer);
      const auto document = put_document(*cache_, "", manifest.media_type, oci::to_json(manifest));
      child.digest = document.descriptor.digest;
      child.size = document.descriptor.size;
    }
    put_document(*cache_, "cache", index.media_type, oci::to_json(index));
  }

  std::shared_ptr<KeptLog> log_ = std::make_shared<KeptLog>();
};

TEST_F(LayerCacheTest, second_conversion_gives_the_same_bytes_and_converts_nothing) {
  for (const Driver& driver : kDrivers) {
    target_ = cache_ = store::make_memory_repository("target");
    const ConvertReport cold = run_driver(driver);
    EXPECT_EQ(cold.cache.hits, 0U);
    EXPECT_EQ(cold.cache.misses, 3U);
    EXPECT_EQ(cold.cache.added, 4U);  // the shared layer for each platform
    expect_equal("v1", "out");
    const auto tags = target_->list_tags({});
    std::vector<std::string> calls;
    std::mutex mutex;
    const auto record = [&](const std::string& call) {
      const std::lock_guard lock(mutex);
      calls.push_back(call);
    };
    const auto plain = std::exchange(target_, std::make_shared<ObservedRepository>(target_, record));
    cache_ = target_;
    const auto real_source = std::exchange(source_, std::make_shared<ObservedRepository>(source_, record));
    const ConvertReport warm = run_driver(driver);
    target_ = cache_ = plain;
    source_ = real_source;
    EXPECT_THAT(log_->warnings, IsEmpty());
    EXPECT_EQ(warm.targets[0].digest, cold.targets[0].digest);
    EXPECT_EQ(warm.cache.hits, 3U);
    EXPECT_EQ(warm.cache.misses, 0U);
    EXPECT_EQ(warm.bytes_uploaded, 0U);
    EXPECT_EQ(warm.bytes_mounted, 0U);
    for (const LayerReport& layer : warm.targets[0].layers) EXPECT_TRUE(layer.cached);
    for (const char* write : {"create_blob", "stream_blob", "put_manifest", "put_tag", "mount_blob"}) {
      EXPECT_THAT(calls, Not(Contains(StartsWith(write)))) << driver.name;
    }
    EXPECT_EQ(target_->list_tags({}), tags);
    expect_equal("v1", "out");
  }
}

TEST_F(LayerCacheTest, conversion_into_another_place_takes_the_blobs_from_the_cache) {
  for (const Driver& driver : kDrivers) {
    target_ = cache_ = store::make_memory_repository("target");
    const std::string digest = run_driver(driver).targets[0].digest;
    target_ = store::make_memory_repository("elsewhere");
    const ConvertReport other = run_driver(driver);
    EXPECT_EQ(other.cache.hits, 3U);
    EXPECT_EQ(other.targets[0].digest, digest);
    EXPECT_GT(other.bytes_mounted, 0U);
    expect_equal("v1", "out");
  }
}

TEST_F(LayerCacheTest, cache_in_a_place_of_its_own_holds_what_its_records_name) {
  cache_ = store::make_memory_repository("cache");
  run_driver({"estargz", {}});
  for (const cache::CacheManifest& manifest : cached().manifests) {
    for (const cache::LayerRecord& record : manifest.records) EXPECT_TRUE(cache_->has_blob(record.target, {}));
  }
}

TEST_F(LayerCacheTest, changed_option_never_gives_a_layer_made_with_another) {
  run_driver({"estargz", {}});
  const ConvertReport other = run_driver({"estargz", {{"compression_level", "1"}}});
  EXPECT_EQ(other.cache.hits, 0U);
  EXPECT_EQ(other.cache.misses, 3U);
  for (const LayerReport& layer : other.targets[0].layers) EXPECT_FALSE(layer.cached);
  EXPECT_EQ(run_driver({"estargz", {}}).cache.hits, 3U);  // both are there
}

TEST_F(LayerCacheTest, several_formats_share_one_cache_image) {
  want("estargz", "a");
  want("nydus", "b");
  EXPECT_EQ(run().cache.misses, 6U);
  tags_ = {"a", "b"};
  EXPECT_EQ(run().cache.hits, 6U);
}

TEST_F(LayerCacheTest, targets_that_miss_are_converted_beside_those_that_hit) {
  const std::string nydus = run_driver({"nydus", {}}).targets[0].digest;
  request_.targets.clear();
  tags_.clear();
  want("nydus", "out");
  want("estargz", "other");
  const ConvertReport both = run();
  EXPECT_EQ(both.cache.hits, 3U);
  EXPECT_EQ(both.cache.misses, 3U);
  EXPECT_EQ(both.targets[0].digest, nydus);
  expect_equal("v1", "other");
}

TEST_F(LayerCacheTest, docker_and_oci_layers_share_a_record_but_not_a_media_type) {
  const std::string tar = sample_tar(7);
  build_image(*source_, "docker", "linux/amd64", {build_docker_layer(*source_, tar)}, true);
  build_image(*source_, "oci", "linux/amd64", {build_layer(*source_, tar)});
  run_driver({"estargz", {}}, "docker");
  const ConvertReport warm = run_driver({"estargz", {}}, "oci");
  EXPECT_EQ(warm.cache.hits, 1U);
  EXPECT_EQ(target_manifest("out").layers[0].media_type, oci::kOciLayerGzip);
  expect_equal("oci", "out");
}

TEST_F(LayerCacheTest, lying_diff_id_is_found_out_also_when_the_layer_is_known) {
  const BuiltLayer layer = build_layer(*source_, sample_tar(8));
  build_image(*source_, "good", "linux/amd64", {layer});
  build_image(*source_, "bad", "linux/amd64", {{layer.descriptor, hash::sha256(as_bytes("something else"))}});
  run_driver({"estargz", {}}, "good");
  EXPECT_THROW(run_driver({"estargz", {}}, "bad"), DigestMismatch);
}

TEST_F(LayerCacheTest, records_of_the_reference_are_kept_but_not_used) {
  run_driver({"nydus", {}});
  change_records([](oci::Descriptor& layer) {
    std::erase_if(layer.annotations, [](const auto& one) { return one.first.starts_with(cache::kOwnPrefix); });
  });
  const ConvertReport again = run_driver({"nydus", {}});
  EXPECT_EQ(again.cache.hits, 0U);
  expect_equal("v1", "out");
  EXPECT_THAT(cached().manifests[0].records, SizeIs(4));  // two old ones and two that say how they were made
}

TEST_F(LayerCacheTest, blob_that_is_gone_is_made_again) {
  run_driver({"estargz", {}});
  run_driver({"nydus", {}});
  target_ = store::make_memory_repository("empty");
  const auto with_records = std::exchange(cache_, target_);
  const oci::RawManifest root = with_records->get_manifest("cache", {});
  for (const oci::Descriptor& child : oci::parse_index(root.bytes).manifests) {
    target_->put_manifest(with_records->get_manifest(child.digest.to_string(), {}), "", {});
  }
  target_->put_manifest(root, "cache", {});
  for (const char* driver : {"estargz", "nydus"}) {
    const ConvertReport again = run_driver({driver, {}});
    EXPECT_EQ(again.cache.misses, 3U);
    expect_equal("v1", "out");
    EXPECT_EQ(run_driver({driver, {}}).cache.hits, 3U);
  }
}

TEST_F(LayerCacheTest, damaged_nydus_blob_is_found_when_its_end_is_read) {
  run_driver({"nydus", {}});
  const oci::Descriptor other = write_blob(*target_, oci::kOciLayer, std::string(100'000, 'x'));
  change_records([&](oci::Descriptor& layer) {
    layer.digest = other.digest;
    layer.size = other.size;
  });
  const ConvertReport again = run_driver({"nydus", {}});
  EXPECT_EQ(again.cache.misses, 3U);
  EXPECT_THAT(log_->warnings, Each(HasSubstr("is damaged and is converted anew")));
  expect_equal("v1", "out");
  EXPECT_EQ(run_driver({"nydus", {}}).cache.hits, 3U);
}

TEST_F(LayerCacheTest, conversion_that_fails_with_a_cached_layer_is_done_again_without_it) {
  run_driver({"estargz", {}});
  const std::string good = target_->get_manifest("out", {}).descriptor.digest.to_string();
  change_records([](oci::Descriptor& layer) {
    layer.annotations["containerd.io/snapshot/stargz/toc.digest"] = "sha256:" + std::string(64, '0');
  });
  request_.verify = true;
  const ConvertReport again = run_driver({"estargz", {}});
  EXPECT_THAT(log_->warnings, Contains(HasSubstr("the conversion begins again without it")));
  EXPECT_EQ(again.targets[0].digest, good);
  EXPECT_EQ(again.cache.hits, 0U);
  EXPECT_EQ(run_driver({"estargz", {}}).cache.hits, 3U);  // the damaged records have been replaced
  EXPECT_THAT(log_->warnings, IsEmpty());
}

TEST_F(LayerCacheTest, one_bad_record_does_not_cost_the_others) {
  run_driver({"estargz", {}});
  int count = 0;
  change_records([&](oci::Descriptor& layer) {
    if (count++ == 1) layer.annotations[std::string(cache::kLayerKey)] = "{}";
  });
  const ConvertReport again = run_driver({"estargz", {}});
  EXPECT_EQ(again.cache.hits, 2U);
  EXPECT_EQ(again.cache.misses, 1U);
  EXPECT_THAT(log_->warnings, Contains(HasSubstr("is skipped")));
  expect_equal("v1", "out");
}

TEST_F(LayerCacheTest, trouble_with_the_cache_is_a_warning) {
  const auto fails_at = [&](const std::string& bad) {
    cache_ = std::make_shared<ObservedRepository>(store::make_memory_repository("cache"), [bad](const auto& call) {
      if (call == bad) throw Unauthorized("denied", RegistryError::Fields{});
    });
  };
  fails_at("get_manifest");
  run_driver({"estargz", {}});
  EXPECT_THAT(log_->warnings, Contains(HasSubstr("goes on without it")));
  fails_at("put_manifest");
  run_driver({"estargz", {}});
  EXPECT_THAT(log_->warnings, Contains(HasSubstr("layers are not added: denied")));
  expect_equal("v1", "out");
}

TEST_F(LayerCacheTest, ordinary_image_under_the_cache_s_tag_is_left_alone) {
  const std::string before = put_image(*cache_, "cache", "files").descriptor.digest.to_string();
  run_driver({"estargz", {}});
  EXPECT_EQ(cache_->get_manifest("cache", {}).descriptor.digest.to_string(), before);
  EXPECT_THAT(log_->warnings, Contains(HasSubstr("is no cache image")));
}

TEST_F(LayerCacheTest, dry_run_says_what_is_cached) {
  run_driver({"nydus", {}});
  const std::string digest = cached().manifests[0].records[0].target.digest.to_string();
  request_.dry_run = true;
  const ConvertReport dry = run_driver({"nydus", {}});
  for (const LayerReport& layer : dry.targets[0].layers) EXPECT_TRUE(layer.cached);
  EXPECT_EQ(dry.targets[0].layers[0].target_digest, digest);
}

TEST_F(LayerCacheTest, layers_in_a_backend_take_no_part) {
  request_.targets.clear();
  want("nydus", "out", {{"backend_type", "localfs"}, {"backend_config", R"({"dir":")" + ::testing::TempDir() + "\"}"}});
  const ConvertReport report = run();
  EXPECT_EQ(report.cache.misses, 0U);
  EXPECT_THAT(report.targets[0].notes, Contains(HasSubstr("in a backend")));
  EXPECT_FALSE(cache_->stat_manifest("cache", {}));
}

}  // namespace
}  // namespace accel::convert
