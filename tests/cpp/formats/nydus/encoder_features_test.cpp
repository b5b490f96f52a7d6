/// Native layers with batches, encryption and a chunk dictionary.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "formats/nydus/native_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using testing::default_settings;
using testing::encode_native;
using testing::Info;
using testing::NativeLayer;
using testing::plain_settings;
using testing::random_bytes;

Rafs read(const NativeLayer& layer) { return read_bootstrap(layer.part().bootstrap.view()); }

/// Two batches around a file that is too large for one.
std::string batch_tar() {
  return TarBuilder()
      .file("a", std::string(1000, 'a'))
      .file("b", std::string(500, 'b'))
      .file("again", std::string(1000, 'a'))
      .file("large", std::string(5000, 'l'))
      .file("c", std::string(2000, 'c'))
      .file("d", std::string(2000, 'd'))
      .file("e", std::string(100, 'e'))
      .text();
}

TEST(NativeEncoderBatches, small_files_share_items) {
  NativeSettings settings = default_settings();
  settings.batch_size = 4096;
  const NativeLayer layer = encode_native(settings, batch_tar());
  const Rafs rafs = read(layer);
  EXPECT_EQ(rafs.blobs[0].features, 0x700000A7U);
  ASSERT_EQ(rafs.blobs[0].chunk_count, 6U);
  const Bytes ci = testing::stored_ci(layer.part());
  const std::vector<Info> infos = testing::infos(ci, 6, true);
  // Three batches: a b | c d | e, with d bringing the second to 4000 and e no longer fitting.
  ASSERT_EQ(ci.size(), 6 * 24U + 3 * 40U);
  const auto context = [&](std::size_t i) {
    const std::byte* const at = ci.data() + 6 * 24 + i * 40;
    return std::pair(load_le<std::uint32_t>(at), load_le<std::uint32_t>(at + 4));
  };
  EXPECT_EQ(context(0).second, 1500U);
  EXPECT_EQ(context(1).second, 4000U);
  EXPECT_EQ(context(2).second, 100U);
  const std::uint64_t wanted[][3] = {{0, 0, 1000}, {0, 1000, 500}, {1, 0, 2000}, {1, 2000, 2000}, {2, 0, 100}};
  const std::size_t numbers[] = {0, 1, 3, 4, 5};
  for (std::size_t i = 0; i < 5; ++i) {
    const Info& info = infos[numbers[i]];
    EXPECT_EQ(info.flags, 0x05U);
    EXPECT_EQ(info.compressed_size, 0U);
    EXPECT_EQ(info.data, wanted[i][0] << 32U | wanted[i][1]);
    EXPECT_EQ(info.uncompressed_size, wanted[i][2]);
  }
  EXPECT_EQ(infos[0].compressed_offset, 0U);
  EXPECT_EQ(infos[1].compressed_offset, 0U);
  EXPECT_EQ(infos[2].flags, 0x11U);
  EXPECT_EQ(infos[2].compressed_offset, context(0).first);
  EXPECT_EQ(infos[3].compressed_offset, infos[2].compressed_offset + infos[2].compressed_size);
  EXPECT_EQ(testing::decode(codec::ChunkCodec::zstd, layer.bytes(infos[3].compressed_offset, context(1).first), 4000),
            std::string(2000, 'c') + std::string(2000, 'd'));
  // Uncompressed addresses are those of single chunks.
  EXPECT_EQ(infos[1].uncompressed_offset, 4096U);
  EXPECT_EQ(infos[3].uncompressed_offset, 16384U);
  // The bootstrap does not know where they are.
  for (const Chunk& chunk : rafs.chunks) {
    if (chunk.uncompressed_size == 5000) continue;
    EXPECT_EQ(chunk.compressed_offset, 0U);
    EXPECT_EQ(chunk.compressed_size, 0U);
    EXPECT_EQ(chunk.flags, chunk_flag::kHasCrc);
  }
  const ByteView header = ByteView(layer.part().meta.header);
  EXPECT_EQ(load_le<std::uint64_t>(header.data() + 40), 6 * 24U);
  EXPECT_EQ(load_le<std::uint64_t>(header.data() + 48), 3 * 40U);
  EXPECT_EQ(load_le<std::uint32_t>(header.data() + 56), 3U);
}

TEST(NativeEncoderBatches, batch_after_batch_takes_no_more_memory_than_the_budget_has) {
  TarBuilder builder;
  for (int i = 0; i < 5000; ++i) builder.file("f" + std::to_string(i), random_bytes(3000, static_cast<unsigned>(i)));
  const std::string tar = builder.end().text();
  for (const std::uint32_t batch_size : {8192U, 1U << 20U}) {
    NativeSettings settings = default_settings();
    settings.batch_size = batch_size;
    ThreadPool pool(2);
    MemoryBudget budget(4U << 20U);
    io::MemorySink sink;
    const auto encoder = make_native_encoder(settings, sink, formats::testing::make_context(pool, budget));
    static_cast<void>(formats::testing::feed(*encoder, tar, SIZE_MAX, SIZE_MAX));
    EXPECT_LT(budget.peak(), 8U << 20U) << batch_size;
    EXPECT_GT(sink.view().size(), 5000U * 3000);
  }
}

TEST(NativeEncoderBatches, batches_that_do_not_get_smaller_are_stored_as_they_are) {
  NativeSettings settings = default_settings();
  settings.batch_size = 4096;
  const std::string a = random_bytes(1000, 1);
  const std::string b = random_bytes(900, 2);
  const NativeLayer layer = encode_native(settings, TarBuilder().file("a", a).file("b", b).text());
  EXPECT_EQ(as_text(layer.bytes(0, 1900)), a + b);
  const Bytes ci = testing::stored_ci(layer.part());
  EXPECT_EQ(load_le<std::uint32_t>(ci.data() + 48), 1900U);
  EXPECT_EQ(load_le<std::uint32_t>(ci.data() + 52), 1900U);
}

BlobKey counting_key() {
  BlobKey key;
  for (std::size_t i = 0; i < key.key.size(); ++i) key.key[i] = static_cast<std::byte>(i);
  for (std::size_t i = 0; i < key.iv.size(); ++i) key.iv[i] = static_cast<std::byte>(0xF0 + i);
  return key;
}

std::string decrypted(ByteView item) {
  Buffer out;
  decrypt_item(counting_key(), item, out);
  return to_string(out.view());
}

TEST(NativeEncoderEncryption, chunks_and_their_index_are_encrypted_and_the_bootstrap_holds_the_key) {
  NativeSettings settings = default_settings();
  settings.make_key = counting_key;
  const std::string random = random_bytes(300, 3);
  const std::string tar =
      TarBuilder().file("text", std::string(10000, 't')).file("random", random).file("tiny", "ab").text();
  const NativeLayer layer = encode_native(settings, tar);
  EXPECT_EQ(layer.result.annotations.at("containerd.io/snapshot/nydus-encrypted-blob"), "true");
  const Rafs rafs = read(layer);
  const Blob& blob = rafs.blobs[0];
  EXPECT_EQ(blob.features, 0x70000127U);
  EXPECT_EQ(blob.key, counting_key().key);
  EXPECT_EQ(blob.iv, counting_key().iv);
  const std::vector<Info> infos = testing::infos(testing::stored_ci(layer.part()), 3, true);
  EXPECT_EQ(infos[0].flags, 0x19U);
  EXPECT_EQ(infos[1].flags, 0x18U);
  EXPECT_EQ(infos[2].flags, 0x18U);
  EXPECT_EQ(infos[2].compressed_size, 18U);
  const std::string text = decrypted(layer.bytes(0, infos[0].compressed_size));
  EXPECT_EQ(testing::decode(codec::ChunkCodec::zstd, as_bytes(text), 10000), std::string(10000, 't'));
  EXPECT_EQ(decrypted(layer.bytes(infos[1].compressed_offset, 300)), random);
  EXPECT_EQ(decrypted(layer.bytes(infos[2].compressed_offset, 18)), "ab");
  for (const Chunk& chunk : rafs.chunks) EXPECT_EQ(chunk.flags & chunk_flag::kEncrypted, chunk_flag::kEncrypted);

  const std::string header = decrypted(layer.bytes(blob.ci_offset + blob.ci_compressed_size, 4096));
  EXPECT_EQ(header, as_text(ByteView(layer.part().meta.header)));
  EXPECT_EQ(hex_encode(as_bytes(header.substr(0, 8))), "0bb10bb127010070");
}

TEST(NativeEncoderEncryption, every_layer_has_a_key_of_its_own) {
  NativeSettings settings = default_settings();
  settings.make_key = make_blob_key;
  const std::string tar = TarBuilder().file("a", random_bytes(100, 1)).text();
  EXPECT_NE(read(encode_native(settings, tar)).blobs[0].key, read(encode_native(settings, tar)).blobs[0].key);
}

/// A dictionary of one blob, whose id is that of `layer`.
std::shared_ptr<const ChunkDict> dictionary_of(const NativeLayer& layer) {
  Rafs rafs = read(layer);
  rafs.blobs[0].id = hash::sha256(layer.blob).hex();
  return std::make_shared<const ChunkDict>(std::move(rafs));
}

TEST(NativeEncoderDictionary, known_chunks_are_not_stored_again) {
  const std::string shared = random_bytes(3000, 1);
  const NativeLayer base = encode_native(plain_settings(), TarBuilder().file("x", "other").file("y", shared).text());
  NativeSettings settings = plain_settings();
  settings.dictionary = dictionary_of(base);
  const NativeLayer layer =
      encode_native(settings, TarBuilder().file("new", "fresh").file("known", shared).file("more", "last").text());
  EXPECT_EQ(as_text(layer.bytes(0, 9)), "freshlast");
  const Rafs rafs = read(layer);
  ASSERT_EQ(rafs.blobs.size(), 2U);
  EXPECT_EQ(rafs.blobs[0].id, std::string(64, 'x'));
  EXPECT_EQ(rafs.blobs[0].chunk_count, 2U);
  EXPECT_EQ(rafs.blobs[1].id, hash::sha256(base.blob).hex());
  EXPECT_EQ(rafs.blobs[1].features & feature::kInlinedFsMeta, 0U);
  const Inode& known = rafs.tree.inode(rafs.tree.find("/known"));
  const Chunk& chunk = rafs.chunks[rafs.file_chunks[known.first_chunk]];
  EXPECT_EQ(chunk.blob, 1U);
  EXPECT_EQ(chunk.index, 1U);
  EXPECT_EQ(chunk.compressed_offset, 5U);
}

TEST(NativeEncoderDictionary, a_layer_that_is_all_known_has_no_data) {
  const std::string tar = TarBuilder().file("x", "one").file("y", "two").text();
  NativeSettings settings = plain_settings();
  settings.dictionary = dictionary_of(encode_native(plain_settings(), tar));
  const NativeLayer layer = encode_native(settings, tar);
  EXPECT_EQ(testing::section_names(layer.blob), (std::vector<std::string>{"image.boot", "rafs.blob.toc"}));
  EXPECT_EQ(read(layer).blobs.size(), 1U);
  EXPECT_EQ(read(layer).chunks.size(), 2U);
}

}  // namespace
}  // namespace accel::formats::nydus
