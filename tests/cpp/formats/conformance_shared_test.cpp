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
  context.digests = std::make_shared<SharedDigests>();
  context.frames = std::make_shared<SharedFrames>();
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

/// Text of a kind that zstd makes smaller.
std::string words(std::size_t size, unsigned seed) {
  std::string text;
  for (unsigned i = seed; text.size() < size; i = i * 1664525U + 1013904223U)
    text += "word-" + std::to_string(i >> 20U);
  text.resize(size);
  return text;
}

/// Files on both sides of the sizes at which content becomes zstd frames of its own.
std::string large_files() {
  constexpr std::size_t kMin = SharedFrames::kMinFrameBytes;
  constexpr std::size_t kFrame = SharedFrames::kFrameBytes;
  accel::testing::TarBuilder builder;
  unsigned seed = 1;
  for (const std::size_t size :
       {kMin - 1, kMin, kMin + 1, kFrame - 1, kFrame, kFrame + 1, kFrame + kMin, 5 * kFrame + 9}) {
    builder.file("words/" + std::to_string(size), words(size, ++seed));
    builder.file("between/" + std::to_string(size), "x");
  }
  builder.file("again", words(kFrame, seed)).file("once more", words(kFrame, seed));
  builder.file("random", testing::random_bytes(2 * kFrame + kMin, 5)).file("zeros", std::string(3 * kFrame, '\0'));
  // Not in the layers of eStargz and zstd:chunked.
  builder.file("stargz.index.json", words(2 * kFrame, 77));
  return builder.end().text();
}

/// Each variant of each group writes the same bytes alone and together with the others, on one thread and on four.
void expect_same_together(const std::string& tar, const std::vector<std::vector<Variant>>& groups) {
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

TEST(ConformanceShared, encoders_fed_together_write_what_each_writes_alone) {
  expect_same_together(
      testing::mixed_layer(),
      {
          {{"estargz", {}}, {"zstdchunked", {}}},
          {{"estargz", {{"chunk_size", "70000"}}}, {"zstdchunked", {{"chunk_size", "1000"}}}, {"estargz", {}}},
          {{"estargz", {{"min_chunk_size", "3000"}}}, {"zstdchunked", {{"dialect", "joint"}}}, {"zstdchunked", {}}},
          {{"estargz", {{"external_toc", "true"}}}, {"estargz", {}}},
          {{"estargz", {}}},
          {{"nydus", {}}, {"estargz", {}}, {"zstdchunked", {}}},
      });
}

TEST(ConformanceShared, frames_made_by_one_encoder_serve_the_others) {
  const Variant nydus{"nydus", {}};
  const Variant chunked{"zstdchunked", {}};
  expect_same_together(
      large_files(),
      {
          {nydus, chunked},
          {chunked, nydus, {"nydus", {{"fs_version", "5"}}}},
          {nydus, {"estargz", {}}, {"zstdchunked", {{"chunk_size", "1500000"}}}},
          {{"nydus", {{"compression_level", "1"}}}, chunked, {"zstdchunked", {{"compression_level", "1"}}}},
          {{"nydus", {{"fs_chunk_size", "0x200000"}}}, {"zstdchunked", {{"dialect", "containers"}}}, chunked},
          {{"nydus", {{"batch_size", "0x10000"}}}, chunked, {"nydus", {{"compressor", "gzip"}}}},
      });
}

}  // namespace
}  // namespace accel::formats
