#include "accel/formats/nydus/chunk_dict.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "accel/base/error.hpp"
#include "formats/nydus/sample_rafs.hpp"

namespace accel::formats::nydus {
namespace {

using testing::RafsBuilder;

RawDigest digest_of(std::string_view content) {
  RawDigest digest;
  std::ranges::copy(hash::sha256(as_bytes(content)).raw(), digest.begin());
  return digest;
}

ChunkDict sample() {
  RafsBuilder builder;
  builder.blob(std::string(64, 'a'), feature::kCapTarToc | feature::kInlinedFsMeta).file("/1", "one").file("/2", "two");
  builder.blob(std::string(64, 'b')).file("/3", "one").file("/4", "four");
  return ChunkDict(std::move(builder.rafs));
}

TEST(ChunkDict, finds_a_chunk_by_digest_and_size) {
  const ChunkDict dictionary = sample();
  const Chunk* const four = dictionary.find(digest_of("four"), 4);
  ASSERT_NE(four, nullptr);
  EXPECT_EQ(four->blob, 1U);
  EXPECT_EQ(four->index, 1U);
  EXPECT_EQ(dictionary.find(digest_of("four"), 5), nullptr);
  EXPECT_EQ(dictionary.find(digest_of("five"), 4), nullptr);
}

TEST(ChunkDict, of_equal_chunks_the_first_is_taken) {
  const ChunkDict dictionary = sample();
  const Chunk* const one = dictionary.find(digest_of("one"), 3);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->blob, 0U);
}

TEST(ChunkDict, knows_its_blobs_which_are_no_longer_inside_themselves) {
  const ChunkDict dictionary = sample();
  EXPECT_TRUE(dictionary.has_blob(std::string(64, 'b')));
  EXPECT_FALSE(dictionary.has_blob(std::string(64, 'c')));
  ASSERT_EQ(dictionary.blobs().size(), 2U);
  EXPECT_EQ(dictionary.blobs()[0].features, feature::kCapTarToc);
}

TEST(ChunkDict, an_empty_image_has_nothing) {
  const ChunkDict dictionary(RafsBuilder().rafs);
  EXPECT_EQ(dictionary.find(digest_of("one"), 3), nullptr);
  EXPECT_TRUE(dictionary.blobs().empty());
}

TEST(ChunkDict, the_bootstrap_of_a_layer_is_refused) {
  RafsBuilder builder;
  builder.blob(kOwnBlobId).file("/1", "one");
  EXPECT_THROW(ChunkDict(std::move(builder.rafs)), FormatError);
}

TEST(ChunkDict, says_which_parameter_does_not_fit) {
  const ChunkDict dictionary = sample();
  dictionary.check_fits(FsVersion::v6, kMinChunkSize, Digester::sha256, Compressor::zstd);
  const auto problem = [&](const std::function<void()>& check) -> std::string {
    try {
      check();
    } catch (const ConfigError& error) {
      return error.message();
    }
    return "none";
  };
  EXPECT_EQ(problem([&] { dictionary.check_fits(FsVersion::v5, kMinChunkSize, Digester::sha256, Compressor::none); }),
            "the chunk dictionary has RAFS version 6, the conversion 5");
  EXPECT_EQ(problem([&] { dictionary.check_fits(FsVersion::v6, 8192, Digester::sha256, Compressor::none); }),
            "the chunk dictionary has chunk size 4096, the conversion 8192");
  EXPECT_EQ(problem([&] { dictionary.check_fits(FsVersion::v6, kMinChunkSize, Digester::blake3, Compressor::none); }),
            "the chunk dictionary has chunk digests of kind SHA-256, the conversion BLAKE3");
  const ChunkDict v5(RafsBuilder(FsVersion::v5).rafs);
  EXPECT_EQ(problem([&] { v5.check_fits(FsVersion::v5, kMinChunkSize, Digester::sha256, Compressor::zstd); }),
            "the chunk dictionary has compressor none, the conversion zstd");
}

}  // namespace
}  // namespace accel::formats::nydus
