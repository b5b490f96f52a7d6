#include "accel/codec/chunk_codec.hpp"

#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

constexpr ChunkCodec kAll[] = {ChunkCodec::none, ChunkCodec::lz4_block, ChunkCodec::gzip, ChunkCodec::zstd};

Buffer encoded(ChunkCodec codec, int level, std::string_view text) {
  Buffer out;
  make_chunk_encoder(codec, level)->encode(as_bytes(text), out);
  return out;
}

std::string decoded(ChunkCodec codec, ByteView chunk, std::size_t size) {
  std::string out(size, '?');
  decode_chunk(codec, chunk, std::as_writable_bytes(std::span(out)));
  return out;
}

TEST(ChunkCodec, chunks_survive_at_every_level) {
  const std::string texts[] = {"a", structured_text(100000), random_text(70000), std::string(1U << 20U, '\0')};
  for (const ChunkCodec codec : kAll) {
    const LevelRange range = levels_of(codec);
    EXPECT_LE(range.least, range.standard);
    EXPECT_LE(range.standard, range.most);
    for (int level = range.least; level <= range.most; ++level) {
      for (const std::string& text : texts) {
        EXPECT_EQ(decoded(codec, encoded(codec, level, text).view(), text.size()), text) << level;
      }
    }
    EXPECT_THROW(make_chunk_encoder(codec, range.least - 1), ConfigError);
    EXPECT_THROW(make_chunk_encoder(codec, range.most + 1), ConfigError);
  }
}

TEST(ChunkCodec, chunks_are_appended) {
  for (const ChunkCodec codec : kAll) {
    const auto encoder = make_chunk_encoder(codec, levels_of(codec).standard);
    Buffer out;
    encoder->encode(as_bytes(structured_text(1000)), out);
    const std::size_t first = out.size();
    encoder->encode(as_bytes(structured_text(3000)), out);
    EXPECT_EQ(decoded(codec, out.view().first(first), 1000), structured_text(1000).substr(0, 1000));
    EXPECT_EQ(decoded(codec, out.view().subspan(first), 3000), structured_text(3000).substr(0, 3000));
  }
}

/// nydus-blob.md 5.2: content size present, no checksum, no dictionary.
TEST(ChunkCodec, zstd_frames_are_bare) {
  const std::string text = structured_text(5000);
  const Buffer frame = encoded(ChunkCodec::zstd, 3, text);
  ASSERT_GT(frame.size(), 7U);
  EXPECT_EQ(hex_encode(frame.view().first(4)), "28b52ffd");
  // Descriptor: 2-byte content size, single segment, no checksum, no dictionary; then the size minus 256.
  EXPECT_EQ(hex_encode(frame.view().subspan(4, 3)), "608812");
  EXPECT_EQ(text.size(), 0x1288U + 256U);
}

TEST(ChunkCodec, zstd_chunks_are_units_without_checksum) {
  const std::string texts[] = {"",
                               "a",
                               structured_text(300),
                               structured_text(100000),
                               random_text(70000),
                               structured_text(1U << 20U),
                               std::string(3U << 20U, '\0')};
  for (const int level : {1, 3, 19}) {
    for (const std::string& text : texts) {
      Buffer unit;
      make_zstd_encoder(level)->encode(as_bytes(text), unit);
      Buffer chunk;
      chunk.append(as_bytes("before"));
      append_chunk(unit.view(), chunk);
      EXPECT_EQ(to_bytes(chunk.view().subspan(6)), to_bytes(encoded(ChunkCodec::zstd, level, text).view()))
          << level << ", " << text.size() << " bytes";
    }
  }
  Buffer out;
  EXPECT_THROW(append_chunk(encoded(ChunkCodec::zstd, 3, "no checksum").view(), out), Error);
  EXPECT_THROW(append_chunk({}, out), Error);
}

TEST(ChunkCodec, lz4_blocks_have_no_frame) {
  // One sequence: token with the literal length, then the literals.
  EXPECT_EQ(hex_encode(encoded(ChunkCodec::lz4_block, 1, "nydus").view()), "506e79647573");
}

TEST(ChunkCodec, wrong_sizes_and_damage_are_noticed) {
  const std::string text = structured_text(4000);
  for (const ChunkCodec codec : kAll) {
    const Buffer chunk = encoded(codec, levels_of(codec).standard, text);
    EXPECT_THROW(decoded(codec, chunk.view(), text.size() - 1), FormatError);
    EXPECT_THROW(decoded(codec, chunk.view(), text.size() + 1), FormatError);
    EXPECT_THROW(decoded(codec, chunk.view().first(chunk.size() - 1), text.size()), FormatError);
    EXPECT_THROW(decoded(codec, {}, text.size()), FormatError);
    if (codec == ChunkCodec::none) continue;
    Buffer longer(chunk.size() + 3);
    longer.append(chunk.view());
    longer.append(as_bytes("xyz"));
    EXPECT_THROW(decoded(codec, longer.view(), text.size()), FormatError);
  }
}

TEST(ChunkCodec, versions_name_the_library) {
  EXPECT_EQ(chunk_encoder_version(ChunkCodec::none), "none");
  EXPECT_TRUE(chunk_encoder_version(ChunkCodec::lz4_block).starts_with("liblz4-1."));
  EXPECT_TRUE(chunk_encoder_version(ChunkCodec::gzip).starts_with("libdeflate-"));
  EXPECT_TRUE(chunk_encoder_version(ChunkCodec::zstd).starts_with("libzstd-"));
}

}  // namespace
}  // namespace accel::codec
