/// What every format must do when things go wrong.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/nydus/blob_toc.hpp"
#include "accel/formats/nydus/layer_part.hpp"
#include "formats/conformance.hpp"

namespace accel::formats {
namespace {

using testing::encode_layer;
using testing::EncodedLayer;
using testing::make_context;
using testing::mixed_layer;
using testing::Variant;
using testing::variants;
using namespace std::chrono_literals;

/// The error of reading `blob` as the layer, "" when it verifies.
std::string verify_error(const EncodedLayer& layer, Bytes blob) {
  oci::Descriptor descriptor = layer.descriptor();
  descriptor.digest = {};  // so that other checks have to notice
  descriptor.size = 0;
  try {
    const auto reader =
        open_layer(descriptor, std::make_shared<io::MemorySource>(std::move(blob)), layer.open_options());
    testing::verify(*reader, layer.diff_id());
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(ConformanceFaults, truncated_blobs_are_refused) {
  using accel::testing::TarBuilder;
  const std::string tar =
      TarBuilder().directory("d").file("d/a", testing::random_bytes(2500, 1)).file("e").file("b", "x").end().text();
  for (const Variant& variant : variants()) {
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    // Every size: the ends of headers, chunks, members, TOC, footers and all places between.
    for (std::size_t size = 0; size < layer.blob.size(); ++size) {
      Bytes blob = layer.blob;
      blob.resize(size);
      EXPECT_NE(verify_error(layer, std::move(blob)), "") << variant.name() << " " << size;
    }
    EXPECT_EQ(verify_error(layer, layer.blob), "") << variant.name();
  }
}

/// At most so many bytes of a layer mean nothing to readers, or have no other check than the blob's digest.
std::size_t unprotected_bytes(const Variant& variant, const EncodedLayer& layer) {
  if (variant.driver == "nydus") {
    const auto& part = dynamic_cast<const nydus::NydusPart&>(*layer.result.part);
    // Version 5 has no checksum of the bootstrap; in version 6 what is reserved in the TOC's entries is ignored.
    constexpr std::size_t kReserved = 62;
    if (part.toc_size == 0) return part.bootstrap.size();
    return (part.toc_size - tar::kBlockSize) / nydus::kSectionEntrySize * kReserved;
  }
  // Time, flags and system in the headers of gzip members mean nothing; in zstd everything does.
  const bool external = !layer.result.side_blob.empty();
  return external || variant.driver == "estargz" ? 12U * 6U : 0U;
}

TEST(ConformanceFaults, flipped_bytes_are_noticed_without_the_blob_digest) {
  using accel::testing::TarBuilder;
  const std::string tar =
      TarBuilder().directory("d").file("d/a", testing::random_bytes(700, 1)).file("e").file("b", "xyz").end().text();
  for (const Variant& variant : variants()) {
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    std::size_t unnoticed = 0;
    for (std::size_t at = 0; at < layer.blob.size(); ++at) {
      Bytes blob = layer.blob;
      blob[at] ^= std::byte{0x04};
      if (verify_error(layer, std::move(blob)).empty()) ++unnoticed;
    }
    EXPECT_LE(unnoticed, unprotected_bytes(variant, layer)) << variant.name();
    if (layer.result.media_type == oci::kOciLayerZstd) {
      EXPECT_EQ(unnoticed, 0U) << variant.name();
    }
  }
}

/// Fails at a given write.
class FailingSink final : public io::ByteSink {
 public:
  explicit FailingSink(std::size_t good_writes) : left_(good_writes) {}
  void write(ByteView) override {
    if (left_ == 0) throw StoreError("write", "/full", 28);
    --left_;
  }

 private:
  std::size_t left_;
};

TEST(ConformanceFaults, a_sink_that_fails_at_any_write_fails_the_layer) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const auto format = make_format(variant.driver, variant.options);
    ThreadPool pool(2);
    MemoryBudget budget(1U << 20U);
    oci::Descriptor source;
    source.media_type = oci::kOciLayer;
    std::size_t good_writes = 0;
    for (; good_writes < 1000; ++good_writes) {
      FailingSink sink(good_writes);
      try {
        testing::feed(*format->encode(source, sink, make_context(pool, budget)), tar);
        break;
      } catch (const StoreError& error) {
        EXPECT_EQ(error.path(), "/full");
      }
      const MemoryLease all = budget.acquire(budget.limit(), {});  // everything came back
    }
    EXPECT_GE(good_writes, 3U) << variant.name();
    EXPECT_LT(good_writes, 1000U) << variant.name();
  }
}

/// Cancels at a given write, then does what a network sink does.
class CancellingSink final : public io::ByteSink {
 public:
  CancellingSink(CancelSource& source, std::size_t good_writes) : source_(source), left_(good_writes) {}
  void write(ByteView) override {
    if (left_ == 0) source_.cancel();
    source_.token().check();
    --left_;
  }

 private:
  CancelSource& source_;
  std::size_t left_;
};

TEST(ConformanceFaults, cancel_at_any_time_ends_the_layer_at_once) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const auto format = make_format(variant.driver, variant.options);
    ThreadPool pool(2);
    MemoryBudget budget(1U << 20U);
    oci::Descriptor descriptor;
    descriptor.media_type = oci::kOciLayer;
    for (const std::size_t good_writes : {0UL, 1UL, 2UL}) {
      CancelSource source;
      EncodeContext context = make_context(pool, budget);
      context.cancel = source.token();
      CancellingSink sink(source, good_writes);
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_THROW(testing::feed(*format->encode(descriptor, sink, context), tar), Cancelled) << variant.name();
      EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
      const MemoryLease all = budget.acquire(budget.limit(), {});
    }
  }
}

TEST(ConformanceFaults, an_encoder_may_be_destroyed_at_any_point) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const auto format = make_format(variant.driver, variant.options);
    ThreadPool pool(2);
    MemoryBudget budget(1U << 20U);
    oci::Descriptor source;
    source.media_type = oci::kOciLayer;
    for (const std::size_t size : {0UL, 512UL, 1024UL, 50000UL, 400000UL}) {
      io::MemorySink sink;
      {
        const auto encoder = format->encode(source, sink, make_context(pool, budget));
        EXPECT_ANY_THROW(testing::feed(*encoder, tar.substr(0, size) + std::string(512, 'x'))) << variant.name();
      }
      const MemoryLease all = budget.acquire(budget.limit(), {});
    }
  }
}

TEST(ConformanceFaults, verifying_can_be_cancelled) {
  const EncodedLayer layer = encode_layer("estargz", {}, mixed_layer());
  CancelSource source;
  source.cancel();
  testing::Listing listing;
  EXPECT_THROW(layer.open()->verify(listing, {}, source.token()), Cancelled);
}

TEST(ConformanceFaults, a_budget_of_one_byte_is_enough) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar, {.threads = 2, .budget = 1});
    EXPECT_FALSE(layer.blob.empty()) << variant.name();
  }
}

TEST(ConformanceFaults, unknown_media_types_are_refused_before_any_work) {
  ThreadPool pool(1);
  MemoryBudget budget(1);
  io::MemorySink sink;
  oci::Descriptor source;
  source.media_type = "application/vnd.example";
  for (const Variant& variant : variants()) {
    const auto format = make_format(variant.driver, variant.options);
    EXPECT_THROW(static_cast<void>(format->encode(source, sink, make_context(pool, budget))), UnsupportedError);
  }
}

}  // namespace
}  // namespace accel::formats
