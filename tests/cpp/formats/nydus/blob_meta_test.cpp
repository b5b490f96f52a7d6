#include "accel/formats/nydus/blob_meta.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::formats::nydus {
namespace {

std::string v1(const ChunkInfo& info) {
  Buffer out;
  append_chunk_info_v1(info, out);
  return hex_encode(out.view());
}

std::string v2(const ChunkInfo& info) {
  Buffer out;
  append_chunk_info_v2(info, out);
  return hex_encode(out.view());
}

/// nydus-blob.md 18.
TEST(ChunkInfoV1, agrees_with_the_vectors_of_the_specification) {
  EXPECT_EQ(v1({.uncompressed_offset = 0, .uncompressed_size = 16931, .compressed_offset = 0, .compressed_size = 4828}),
            "00000000002022040000000000b02d01");
  EXPECT_EQ(v1({.uncompressed_offset = 20480,
                .uncompressed_size = 13400,
                .compressed_offset = 4828,
                .compressed_size = 2974}),
            "0050000000704503dc12000000d0b900");
}

TEST(ChunkInfoV1, the_largest_sizes_and_offsets_fit) {
  EXPECT_EQ(v1({.uncompressed_offset = (1ULL << 44U) - 4096,
                .uncompressed_size = 1U << 24U,
                .compressed_offset = (1ULL << 40U) - 1,
                .compressed_size = 1U << 24U}),
            "00ffffffffffffff"
            "ffffffffffffffff");
}

TEST(ChunkInfoV2, agrees_with_the_vectors_of_the_specification) {
  EXPECT_EQ(v2({.uncompressed_offset = 0,
                .uncompressed_size = 1404,
                .compressed_offset = 184,
                .compressed_size = 649,
                .flags = info_flag::kCompressed | info_flag::kZran,
                .data = 1024}),
            "000000007b050003b8000000008902000004000000000000");
  EXPECT_EQ(v2({.uncompressed_offset = 0x16C5000,
                .uncompressed_size = 364,
                .compressed_offset = 9838918,
                .compressed_size = 102,
                .flags = 3,
                .data = 20ULL << 32U | 126224}),
            "c51600006b010003462196000066000010ed010014000000");
}

TEST(BatchContext, has_two_sizes_and_zeros) {
  Buffer out;
  append_batch_context(0x11223344, 0x55667788, out);
  EXPECT_EQ(hex_encode(out.view()), "4433221188776655" + std::string(64, '0'));
}

/// The header of the blob in nydus-blob.md 18.
TEST(MetaHeader, agrees_with_the_vector_of_the_specification) {
  MetaHeader header;
  header.features = 0x70000021;
  header.chunks = 2;
  header.ci_offset = 8314;
  header.ci_compressed_size = header.ci_uncompressed_size = 32;
  const auto bytes = encode(header);
  EXPECT_EQ(hex_encode(ByteView(bytes).first(40)),
            "0bb10bb12100007000000000020000007a2000000000000020000000000000002000000000000000");
  for (std::size_t i = 40; i < 4092; ++i) ASSERT_EQ(bytes[i], std::byte{0}) << i;
  EXPECT_EQ(hex_encode(ByteView(bytes).last(4)), "0bb10bb1");
}

TEST(MetaHeader, contexts_are_behind_the_sizes) {
  MetaHeader header;
  header.ci_compressor = Compressor::zstd;
  header.contexts = {0x30, 0x50, 2};
  const auto bytes = encode(header);
  EXPECT_EQ(hex_encode(ByteView(bytes).subspan(8, 4)), "03000000");
  EXPECT_EQ(hex_encode(ByteView(bytes).subspan(40, 24)), "300000000000000050000000000000000200000000000000");
}

}  // namespace
}  // namespace accel::formats::nydus
