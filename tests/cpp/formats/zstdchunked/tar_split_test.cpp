#include "accel/formats/zstdchunked/tar_split.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/formats/zstdchunked/tar_split_check.hpp"
#include "accel/hash/crc64.hpp"
#include "accel/hash/hasher.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats::zstdchunked {
namespace {

using accel::testing::ChunkedStream;
using formats::testing::decompress;

std::shared_ptr<UnitEncoderPool> encoders() {
  return std::make_shared<UnitEncoderPool>([] { return codec::make_zstd_encoder(3); });
}

std::string block(char c) { return std::string(512, c); }

/// A stream of two entries, `hello` in the first, and its tar-split data.
struct Sample {
  std::string tar = block('A') + "hello" + std::string(507, '\0') + block('B') + std::string(1024, '\0');
  Bytes compressed;
  std::string text;
  jtoc::Toc toc;

  Sample() {
    TarSplitWriter writer(encoders());
    writer.header(as_bytes(tar).first(512));
    writer.file("f", 5, hash::crc64_iso(as_bytes("hello")));
    writer.padding(as_bytes(tar).subspan(517, 507));
    writer.header(as_bytes(tar).subspan(1024, 512));
    writer.file("d/", 0, 0);
    writer.trailing(as_bytes(tar).subspan(1536));
    const TarSplitWriter::Result result = writer.finish();
    compressed = to_bytes(result.compressed.view());
    text = decompress(compressed);
    EXPECT_EQ(result.uncompressed_size, text.size());
    toc.entries.resize(2);
    toc.entries[0].name = "f";
    toc.entries[0].size = 5;
    toc.entries[1].name = "d/";
    toc.entries[1].kind = jtoc::EntryKind::directory;
  }

  /// Runs `stream` against this data; the error's text, "" when all is well.
  [[nodiscard]] std::string check(const std::string& stream, std::size_t max_read = 100) const {
    io::MemorySource source{ByteView(compressed)};
    ChunkedStream inner(stream, max_read);
    TarSplitStream checked(inner, toc,
                           std::make_unique<TarSplitReader>(source, BlobRange{0, compressed.size(), text.size()},
                                                            hash::sha256(compressed), codec::DecodeLimits{}));
    try {
      EXPECT_EQ(to_string(io::read_all(checked, 1U << 20U)), stream);
      std::byte more{};
      EXPECT_EQ(checked.read({&more, 1}), 0U);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST(TarSplitWriter, records_are_those_of_the_spec) {
  const Sample sample;
  const auto base64 = [](const std::string& bytes) { return base64_encode(as_bytes(bytes)); };
  EXPECT_EQ(sample.text, R"({"type":2,"payload":")" + base64(block('A')) + R"(","position":0})" + "\n" +
                             R"({"type":1,"name":"f","size":5,"payload":"PD7u4tgQAAA=","position":1})" + "\n" +
                             R"({"type":2,"payload":")" + base64(std::string(507, '\0') + block('B')) +
                             R"(","position":2})" + "\n" + R"({"type":1,"name":"d/","payload":null,"position":3})" +
                             "\n" + R"({"type":2,"payload":")" + base64(std::string(1024, '\0')) +
                             R"(","position":4})" + "\n");
}

TEST(TarSplitWriter, what_follows_the_end_comes_in_records_of_a_megabyte) {
  TarSplitWriter writer(encoders());
  writer.header(as_bytes(block('A')));
  writer.file("f", 1, 0);
  writer.padding(as_bytes(std::string(511, '\0')));
  const std::string zeros(3000 * 512, '\0');
  for (std::size_t at = 0; at < zeros.size(); at += 700)
    writer.trailing(as_bytes(zeros).subspan(at).first(std::min<std::size_t>(700, zeros.size() - at)));
  const std::string text = decompress(writer.finish().compressed.view());
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; (at = text.find("{\"type\":2,\"payload\":\"", at)) != std::string::npos;) {
    at += 21;
    Bytes payload;
    ASSERT_TRUE(base64_decode(text.substr(at, text.find('"', at) - at), payload));
    sizes.push_back(payload.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{512, 511 + 1024, 1U << 20U, 3000 * 512 - 1024 - (1U << 20U)}));
}

TEST(TarSplitWriter, an_empty_stream_has_no_records) {
  const TarSplitWriter::Result result = TarSplitWriter(encoders()).finish();
  EXPECT_EQ(result.uncompressed_size, 0U);
  EXPECT_EQ(decompress(result.compressed.view()), "");
}

TEST(TarSplitStream, the_right_stream_passes) {
  const Sample sample;
  for (const std::size_t max_read : {1UL, 512UL, 100000UL}) EXPECT_EQ(sample.check(sample.tar, max_read), "");
}

TEST(TarSplitStream, any_other_stream_is_refused) {
  const Sample sample;
  for (const std::size_t at : {0UL, 511UL, 512UL, 516UL, 517UL, 1023UL, 1024UL, 1535UL, 1536UL, 2559UL}) {
    std::string bad = sample.tar;
    bad[at] ^= 1;
    EXPECT_NE(sample.check(bad), "") << at;
  }
  for (std::size_t size = 0; size < sample.tar.size(); size += 123) {
    EXPECT_NE(sample.check(sample.tar.substr(0, size)), "") << size;
  }
  EXPECT_NE(sample.check(sample.tar + "x"), "");
}

TEST(TarSplitStream, names_and_sizes_must_be_those_of_the_toc) {
  Sample sample;
  sample.toc.entries[0].name = "g";
  EXPECT_NE(sample.check(sample.tar).find("does not list in its place"), std::string::npos);
  sample = Sample();
  sample.toc.entries[0].size = 6;
  EXPECT_NE(sample.check(sample.tar).find("disagree about a size"), std::string::npos);
  sample = Sample();
  sample.toc.entries.emplace_back().name = "more";
  EXPECT_NE(sample.check(sample.tar).find("does not have"), std::string::npos);
  sample.toc.entries.resize(1);
  EXPECT_NE(sample.check(sample.tar), "");
}

TEST(TarSplitReader, damaged_records_are_refused) {
  for (const char* line :
       {R"({"type":3,"payload":null,"position":0})", R"({"type":2,"payload":"!","position":0})",
        R"({"type":2,"payload":"","position":1})", R"({"type":1,"name":"f","size":5,"payload":"AA==","position":0})",
        R"({"type":1,"name":"f","size":-5,"payload":null,"position":0})", R"({"type":2})", R"([])", R"({"type":2)"}) {
    Buffer compressed;
    codec::make_zstd_encoder(1)->encode(as_bytes(std::string(line) + "\n"), compressed);
    io::MemorySource source{compressed.view()};
    TarSplitReader reader(source, {0, compressed.size(), 0}, {}, {});
    EXPECT_THROW(reader.next(), FormatError) << line;
  }
}

TEST(TarSplitReader, digest_is_checked_at_the_end) {
  const Sample sample;
  io::MemorySource source{ByteView(sample.compressed)};
  TarSplitReader reader(source, {0, sample.compressed.size(), sample.text.size()}, hash::sha256({}), {});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(reader.next());
  EXPECT_THROW(reader.next(), DigestMismatch);
}

}  // namespace
}  // namespace accel::formats::zstdchunked
