#include "accel/formats/nydus/meta_reader.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"
#include "formats/nydus/worked_examples.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::Image;

/// Chunk information of some chunks at offset 0 of a file, and its header, as nydus-blob.md 8.2 says.
struct Meta {
  Blob blob;
  Image file{0};
  std::size_t header = 0;

  Meta(std::uint32_t features, std::uint32_t chunks, const std::string& hex, std::uint32_t contexts = 0) {
    blob.features = features;
    blob.chunk_count = chunks;
    blob.compressed_size = 1U << 30U;
    blob.uncompressed_size = 1U << 30U;
    blob.ci_offset = 512;
    std::string digits;
    for (const char c : hex) {
      if (c != ' ') digits += c;
    }
    blob.ci_compressed_size = blob.ci_uncompressed_size = digits.size() / 2;
    header = 512 + digits.size() / 2;
    file.resize(header + 4096).hex(512, digits);
    file.put(header, 0xB10BB10BU).put(header + 4092, 0xB10BB10BU).put(header + 4, features);
    file.put(header + 8, 0U).put(header + 12, chunks).put(header + 16, blob.ci_offset);
    file.put(header + 24, blob.ci_compressed_size).put(header + 32, blob.ci_uncompressed_size);
    if (contexts == 0) return;
    const std::uint64_t entries = std::uint64_t{chunks} * 24;
    file.put(header + 40, entries).put(header + 48, blob.ci_uncompressed_size - entries).put(header + 56, contexts);
  }
  [[nodiscard]] BlobMeta read() const {
    io::MemorySource source{ByteView(file.bytes())};
    return BlobMeta::read(blob, source, {});
  }
};

constexpr std::uint32_t kV1 = 0x40000001, kV2 = 0x40000005, kZran = 0x4000001D, kBatch = 0x40000085;

// Vectors of nydus-blob.md 18.
const std::string kV1Chunks = "00000000 00202204 00000000 00b02d01 00500000 00704503 dc120000 00d0b900";

Meta v1() {
  Meta meta(kV1, 2, kV1Chunks);
  meta.blob.features |= feature::kHasTarHeader;
  // The data of the vectors ends at 7802, the chunk information follows its tar header.
  meta.blob.ci_offset = 8314;
  Image moved(8314 + 32 + 4096);
  for (std::size_t i = 0; i < 32 + 4096; ++i) {
    moved.put(8314 + i, std::to_integer<std::uint8_t>(meta.file.bytes()[512 + i]));
  }
  meta.header = 8346;
  moved.put(meta.header + 16, meta.blob.ci_offset).put(meta.header + 4, meta.blob.features);
  meta.file = moved;
  return meta;
}

TEST(MetaReader, chunks_of_version_1_are_read) {
  const BlobMeta meta = v1().read();
  const ChunkPlace first = meta.place(0);
  EXPECT_EQ(first.uncompressed_offset, 0U);
  EXPECT_EQ(first.uncompressed_size, 16931U);
  EXPECT_EQ(first.compressed_offset, 0U);
  EXPECT_EQ(first.compressed_size, 4828U);
  EXPECT_TRUE(first.compressed);
  const ChunkPlace second = meta.place(1);
  EXPECT_EQ(second.uncompressed_offset, 20480U);
  EXPECT_EQ(second.uncompressed_size, 13400U);
  EXPECT_EQ(second.compressed_offset, 4828U);
  EXPECT_EQ(second.compressed_size, 2974U);
}

std::string word(std::uint64_t value) {
  Bytes bytes(8);
  store_le(bytes.data(), value);
  return hex_encode(bytes);
}

TEST(MetaReader, sizes_of_version_1_have_24_bits) {
  const std::uint64_t size = (1U << 24U) - 1;
  const std::uint64_t word0 = (size & 0xFFFFFU) << 44U | (size >> 20U) << 8U;
  const std::uint64_t word1 = (size & 0xFFFFFU) << 44U | (size >> 20U) << 40U;
  Meta meta(kV1, 1, word(word0) + word(word1));
  meta.blob.features &= ~feature::kCapTarToc;  // the data ends at the blob's size
  const ChunkPlace place = meta.read().place(0);
  EXPECT_EQ(place.uncompressed_size, 1U << 24U);
  EXPECT_EQ(place.compressed_size, 1U << 24U);
  EXPECT_FALSE(place.compressed);
}

const std::string kZranContext =
    "71dd020000000000 0d100f0000000000 0000000000000000 ad0b0900 f37d1b00 00800000 67 05 0000";

TEST(MetaReader, slices_are_read) {
  // The chunk of the vector: flags 3, slice 0, offset 1024 in it.
  Meta meta(kZran, 1, "000000007b050003 b800000000890200 0004000000000000 " + kZranContext + std::string(65536, 'a'),
            1);
  const BlobMeta read = meta.read();
  const ChunkPlace place = read.place(0);
  EXPECT_EQ(place.uncompressed_size, 1404U);
  EXPECT_EQ(place.compressed_offset, 184U);
  EXPECT_EQ(place.compressed_size, 649U);
  EXPECT_EQ(place.unit, ChunkPlace::Unit::slice);
  EXPECT_EQ(place.unit_index, 0U);
  EXPECT_EQ(place.unit_offset, 1024U);
  const SliceContext slice = read.slice(0);
  EXPECT_EQ(slice.in_offset, 187761U);
  EXPECT_EQ(slice.out_offset, 987149U);
  EXPECT_EQ(slice.in_size, 592813U);
  EXPECT_EQ(slice.out_size, 1801715U);
  EXPECT_EQ(slice.window.size(), 32768U);
  EXPECT_EQ(slice.byte, 103);
  EXPECT_EQ(slice.bits, 5);
}

TEST(MetaReader, crc_of_version_2_is_read) {
  Meta meta(kV2, 1, word(99ULL << 32U | 0x10ULL << 56U) + word(100ULL << 40U) + word(0x12345678));
  EXPECT_EQ(meta.read().place(0).crc32c, 0x12345678U);
}

TEST(MetaReader, limits_hold) {
  const Meta meta = v1();
  io::MemorySource source{ByteView(meta.file.bytes())};
  EXPECT_THROW(BlobMeta::read(meta.blob, source, {16, 1100, 1U << 20U}), FormatError);
}

struct Damage {
  const char* name;
  std::function<Meta()> make;
  const char* message;
};

class DamagedMeta : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedMeta, is_refused) {
  try {
    static_cast<void>(GetParam().make().read());
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
  }
}

template <class T>
std::function<Meta()> header(std::size_t at, T value) {
  return [=] {
    Meta meta = v1();
    meta.file.put(meta.header + at, value);
    return meta;
  };
}

/// A slice with one field of its context changed.
template <class T>
std::function<Meta()> context(std::size_t at, T value) {
  return [=] {
    Meta meta(kZran, 1, "000000007b050003 b800000000890200 0004000000000000 " + kZranContext + std::string(65536, 'a'),
              1);
    meta.file.put(512 + 24 + at, value);
    return meta;
  };
}

std::function<Meta()> chunk(std::uint32_t features, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return [=] { return Meta(features, 1, word(a) + word(b) + word(c)); };
}

std::function<Meta()> batch(std::uint32_t stored, std::uint32_t content, std::uint32_t offset, std::uint32_t index) {
  return [=] {
    Meta meta(kBatch, 1,
              word(99ULL << 32U | 0x05ULL << 56U) + word(0) + word(std::uint64_t{index} << 32U | offset) +
                  word(stored | std::uint64_t{content} << 32U) + std::string(64, '0'),
              1);
    return meta;
  };
}

INSTANTIATE_TEST_SUITE_P(
    MetaReader, DamagedMeta,
    ::testing::Values(
        Damage{"magic", header(0, 1U), "magic"}, Damage{"second_magic", header(4092, 1U), "magic"},
        Damage{"features", header(4, kV2), "features"}, Damage{"compressor", header(8, 3U), "compressor"},
        Damage{"count", header(12, 3U), "counts other"}, Damage{"place", header(16, std::uint64_t{1}), "place"},
        Damage{"stored_size", header(24, std::uint64_t{31}), "another size"},
        Damage{"size", header(32, std::uint64_t{48}), "uncompressed size"},
        Damage{"beyond_the_data", chunk(kV2, 99ULL << 32U | 0x10ULL << 56U, 513 | 100ULL << 40U, 5), "beyond the data"},
        Damage{"no_bytes", chunk(kV2, 99ULL << 32U | 0x10ULL << 56U, 0, 5), "no stored bytes"},
        Damage{"two_sizes", chunk(kV2, 99ULL << 32U | 0x10ULL << 56U, 99ULL << 40U, 5), "two sizes"},
        Damage{"crc_zero", chunk(kV2, 99ULL << 32U | 0x10ULL << 56U, 100ULL << 40U, 0), "CRC of 0"},
        Damage{"encrypted", chunk(kV2, 99ULL << 32U | 0x18ULL << 56U, 100ULL << 40U, 5), "encryption"},
        Damage{"batch_without_feature", chunk(kV2, 99ULL << 32U | 0x05ULL << 56U, 0, 0), "kind"},
        Damage{"not_at_its_place", chunk(kV2, 1 | 99ULL << 32U | 0x10ULL << 56U, 100ULL << 40U, 5), "follow"},
        Damage{"batch_index", batch(50, 100, 0, 1), "does not exist"},
        Damage{"batch_offset", batch(50, 100, 1, 0), "beyond its batch"},
        Damage{"batch_grew", batch(101, 100, 0, 0), "impossible sizes"},
        Damage{"batch_empty", batch(0, 100, 0, 0), "impossible sizes"},
        Damage{"batch_huge", batch(50, (16U << 20U) + 1, 0, 0), "impossible sizes"},
        Damage{"batch_beyond", batch(600, 1000, 0, 0), "beyond the data"},
        Damage{"slice_place", context(0, std::uint64_t{1} << 40U), "beyond its layer"},
        Damage{"slice_window", context(16, std::uint64_t{1}), "window"},
        Damage{"slice_window_overflow", context(16, UINT64_MAX), "window"},
        Damage{"slice_window_size", context(32, 32769U), "window"},
        Damage{"slice_output", context(28, (16U << 20U) + 1), "impossible sizes"},
        Damage{"slice_short", context(28, 1025U), "beyond its batch or slice"},
        Damage{"slice_bits", context(37, std::uint8_t{8}), "impossible sizes"}),
    [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace accel::formats::nydus
