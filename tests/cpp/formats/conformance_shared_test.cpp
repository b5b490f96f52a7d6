/// Several encoders of one layer, fed in turn and sharing digests, as convert does it.
#include <gtest/gtest.h>

#include "accel/formats/shared_digests.hpp"
#include "formats/conformance.hpp"

namespace accel::formats {
namespace {

using testing::Variant;

/// Feeds one layer to several encoders in turn, as convert does; blob and diffID of each.
std::vector<std::pair<Bytes, hash::Digest>> encode_together(const std::vector<Variant>& variants,
                                                            const std::string& tar, std::size_t threads) {
  ThreadPool pool(threads);
  MemoryBudget budget(8U << 20U);
  EncodeContext context = testing::make_context(pool, budget);
  context.shared = std::make_shared<SharedDigests>();
  oci::Descriptor source;
  source.media_type = oci::kOciLayer;
  std::vector<io::MemorySink> sinks(variants.size());
  std::vector<std::unique_ptr<Format>> formats;
  std::vector<std::unique_ptr<LayerEncoder>> encoders;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    formats.push_back(make_format(variants[i].driver, variants[i].options));
    encoders.push_back(formats.back()->encode(source, sinks[i], context));
  }
  accel::testing::ChunkedStream stream(tar);
  tar::Reader reader(stream);
  const auto each = [&](auto action) {
    for (const auto& encoder : encoders) action(*encoder);
  };
  while (const tar::Entry* const entry = reader.next()) {
    each([&](LayerEncoder& encoder) { encoder.entry(*entry, reader.raw_header()); });
    if (entry->size == 0) continue;
    for (ByteView piece = reader.payload(10000); !piece.empty(); piece = reader.payload(10000)) {
      each([&](LayerEncoder& encoder) { encoder.payload(piece); });
    }
    const ByteView padding = reader.padding();
    each([&](LayerEncoder& encoder) { encoder.padding(padding); });
  }
  for (ByteView piece = reader.trailing(); !piece.empty(); piece = reader.trailing()) {
    each([&](LayerEncoder& encoder) { encoder.trailing(piece); });
  }
  std::vector<std::pair<Bytes, hash::Digest>> results;
  for (std::size_t i = 0; i < encoders.size(); ++i) {
    const LayerResult result = encoders[i]->finish();
    results.emplace_back(to_bytes(sinks[i].view()), result.diff_id);
  }
  return results;
}

TEST(ConformanceShared, encoders_fed_together_write_what_each_writes_alone) {
  const std::string tar = testing::mixed_layer();
  const std::vector<std::vector<Variant>> groups = {
      {{"estargz", {}}, {"zstdchunked", {}}},
      {{"estargz", {{"chunk_size", "70000"}}}, {"zstdchunked", {{"chunk_size", "1000"}}}, {"estargz", {}}},
      {{"estargz", {{"min_chunk_size", "3000"}}}, {"zstdchunked", {{"dialect", "joint"}}}, {"zstdchunked", {}}},
      {{"estargz", {{"external_toc", "true"}}}, {"estargz", {}}},
      {{"estargz", {}}},
  };
  for (const std::vector<Variant>& group : groups) {
    for (const std::size_t threads : {1UL, 4UL}) {
      const auto together = encode_together(group, tar, threads);
      for (std::size_t i = 0; i < group.size(); ++i) {
        const testing::EncodedLayer alone = testing::encode_layer(group[i].driver, group[i].options, tar);
        EXPECT_EQ(together[i].first, alone.blob) << group[i].name();
        EXPECT_EQ(together[i].second, alone.result.diff_id) << group[i].name();
      }
    }
  }
}

}  // namespace
}  // namespace accel::formats
