#include "accel/formats/nydus/encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/hash/blake3.hpp"
#include "formats/nydus/native_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using testing::default_settings;
using testing::encode_native;
using testing::NativeLayer;
using testing::plain_settings;
using testing::random_bytes;
using testing::Section;
using testing::sections;

using Names = std::vector<std::string>;

std::string three_files() {
  const std::string random = random_bytes(5000, 1);
  return TarBuilder()
      .directory("d")
      .file("d/text", std::string(10000, 'a'))
      .file("random", random)
      .file("same", random)
      .file("empty")
      .end()
      .text();
}

Rafs read(const NativeLayer& layer) { return read_bootstrap(layer.part().bootstrap.view()); }

const Inode& file_at(const Rafs& rafs, std::string_view path) { return rafs.tree.inode(rafs.tree.find(path)); }

/// The layer of rafs-v6.md 21, as nydus-blob.md lays it out.
TEST(NativeEncoder, worked_example_has_the_bytes_of_the_specification) {
  const std::string tar =
      TarBuilder().directory("etc").file("etc/hello.txt", "hello world\n").symlink("link", "etc/hello.txt").text();
  const NativeLayer layer = encode_native(plain_settings(), tar);
  const std::vector<Section> found = sections(layer.blob);
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[0], (Section{"image.blob", 0, 12}));
  EXPECT_EQ(found[1], (Section{"blob.meta", 12 + 512, 16 + 4096}));
  EXPECT_EQ(found[2], (Section{"blob.digest", 5148, 32}));
  EXPECT_EQ(found[3].name, "image.boot");
  EXPECT_EQ(found[4].name, "rafs.blob.toc");

  EXPECT_EQ(as_text(layer.bytes(0, 12)), "hello world\n");
  EXPECT_EQ(hex_encode(layer.bytes(524, 16)), "0000000000b000000000000000b00000");
  EXPECT_EQ(hex_encode(layer.bytes(540, 60)),
            "0bb10bb1230000700000000001000000"
            "0c020000000000001000000000000000"
            "10000000000000000000000000000000"
            "000000000000000000000000");
  EXPECT_EQ(hex_encode(layer.bytes(5148, 32)), "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447");

  const Rafs rafs = read(layer);
  ASSERT_EQ(rafs.blobs.size(), 1U);
  EXPECT_EQ(rafs.blobs[0].id, std::string(64, 'x'));
  EXPECT_EQ(rafs.blobs[0].features, 0x70000023U);
  EXPECT_EQ(rafs.blobs[0].compressed_size, found[3].offset);
  EXPECT_EQ(rafs.blobs[0].uncompressed_size, 4096U);
  EXPECT_EQ(rafs.blobs[0].ci_offset, 524U);
  EXPECT_EQ(rafs.blobs[0].ci_compressed_size, 16U);
  EXPECT_EQ(rafs.blobs[0].toc_size, 0U);
  ASSERT_EQ(rafs.chunks.size(), 1U);
  EXPECT_EQ(rafs.chunks[0].flags, 0x10U);
  EXPECT_EQ(rafs.chunks[0].crc32c, 0xF0FF7292U);
}

TEST(NativeEncoder, toc_describes_the_sections) {
  const NativeLayer layer = encode_native(default_settings(), three_files());
  const std::vector<Section> found = sections(layer.blob);
  EXPECT_EQ(testing::section_names(layer.blob),
            (Names{"image.blob", "blob.meta", "blob.digest", "image.boot", "rafs.blob.toc"}));
  const ByteView toc = layer.bytes(found[4].offset, found[4].size);
  ASSERT_EQ(toc.size(), 5 * 128U);
  const Names names = {"image.blob", "blob.meta", "blob.meta.header", "blob.digest", "image.boot"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const ByteView entry = toc.subspan(i * 128, 128);
    const auto flag = load_le<std::uint32_t>(entry.data());
    const auto offset = load_le<std::uint64_t>(entry.data() + 56);
    const auto stored_size = load_le<std::uint64_t>(entry.data() + 64);
    const auto size = load_le<std::uint64_t>(entry.data() + 72);
    EXPECT_EQ(as_text(entry.subspan(8, names[i].size())), names[i]);
    std::string content = to_string(layer.bytes(offset, stored_size));
    if (flag == 2)
      content = testing::decode(codec::ChunkCodec::zstd, as_bytes(content), static_cast<std::size_t>(size));
    if (i == 0) content += as_text(layer.bytes(stored_size, 512));  // QUIRK: the header is hashed as well
    EXPECT_EQ(hex_encode(entry.subspan(24, 32)), hash::sha256(as_bytes(content)).hex()) << names[i];
  }
  EXPECT_EQ(load_le<std::uint64_t>(toc.data() + 72), 12288U + 8192U);  // aligned sizes of both chunks
  const NydusPart& part = layer.part();
  EXPECT_EQ(part.toc_size, toc.size() + 512);
  EXPECT_EQ(hex_encode(part.toc_digest), hash::sha256(layer.bytes(found[4].offset, part.toc_size)).hex());
  EXPECT_EQ(
      testing::decode(codec::ChunkCodec::zstd, layer.bytes(found[3].offset, found[3].size), part.bootstrap.size()),
      as_text(part.bootstrap.view()));
}

TEST(NativeEncoder, results_say_what_the_layer_is) {
  const NativeLayer layer = encode_native(default_settings(), three_files());
  EXPECT_EQ(layer.result.media_type, "application/vnd.oci.image.layer.nydus.blob.v1");
  EXPECT_EQ(layer.result.annotations, (oci::Annotations{{"containerd.io/snapshot/nydus-blob", "true"}}));
  EXPECT_TRUE(layer.result.diff_id_is_blob);
  EXPECT_EQ(layer.result.uncompressed_size, layer.blob.size());
}

TEST(NativeEncoder, chunks_hold_the_files_and_equal_ones_are_stored_once) {
  const NativeLayer layer = encode_native(default_settings(), three_files());
  const Rafs rafs = read(layer);
  ASSERT_EQ(rafs.blobs[0].chunk_count, 2U);
  const std::vector<testing::Info> infos = testing::infos(testing::stored_ci(layer.part()), 2, false);
  EXPECT_EQ(infos[0].uncompressed_size, 10000U);
  EXPECT_EQ(infos[0].uncompressed_offset, 0U);
  EXPECT_EQ(infos[0].compressed_offset, 0U);
  EXPECT_EQ(testing::decode(codec::ChunkCodec::zstd, layer.bytes(0, infos[0].compressed_size), 10000),
            std::string(10000, 'a'));
  EXPECT_EQ(infos[1].uncompressed_offset, 12288U);
  EXPECT_EQ(infos[1].compressed_offset, infos[0].compressed_size);
  EXPECT_EQ(infos[1].compressed_size, 5000U);  // does not get smaller: stored as it is
  EXPECT_EQ(as_text(layer.bytes(infos[1].compressed_offset, 5000)), random_bytes(5000, 1));
  const auto chunk_of = [&](std::string_view path) { return rafs.file_chunks[file_at(rafs, path).first_chunk]; };
  EXPECT_EQ(chunk_of("/random"), chunk_of("/same"));
  EXPECT_EQ(file_at(rafs, "/empty").chunk_count, 0U);
  const Chunk& text = rafs.chunks[chunk_of("/d/text")];
  EXPECT_EQ(text.digest, hash::blake3(as_bytes(std::string(10000, 'a'))));
  EXPECT_EQ(text.flags, chunk_flag::kCompressed | chunk_flag::kHasCrc);
  EXPECT_EQ(rafs.chunks[chunk_of("/same")].flags, chunk_flag::kHasCrc);
}

TEST(NativeEncoder, large_files_are_cut_at_the_chunk_size) {
  NativeSettings settings = plain_settings();
  settings.chunk_size = 4096;
  const std::string content = random_bytes(3 * 4096 + 1, 4);
  const std::string tar =
      TarBuilder().file("a", content).file("b", content.substr(0, 8192)).file("c", content.substr(1)).text();
  const NativeLayer layer = encode_native(settings, tar);
  const Rafs rafs = read(layer);
  EXPECT_EQ(file_at(rafs, "/a").chunk_count, 4U);
  EXPECT_EQ(file_at(rafs, "/b").chunk_count, 2U);
  EXPECT_EQ(file_at(rafs, "/c").chunk_count, 3U);
  EXPECT_EQ(rafs.blobs[0].chunk_count, 7U);  // those of b are a's
  EXPECT_EQ(rafs.blobs[0].uncompressed_size, 8 * 4096U - 4096U);
  EXPECT_EQ(as_text(layer.bytes(0, content.size())), content);
}

TEST(NativeEncoder, layers_without_content_have_no_blob) {
  for (const std::string& tar : {std::string(), TarBuilder().directory("d").file("empty").end().text()}) {
    const NativeLayer layer = encode_native(default_settings(), tar);
    EXPECT_EQ(testing::section_names(layer.blob), (Names{"image.boot", "rafs.blob.toc"}));
    EXPECT_EQ(sections(layer.blob)[1].size, 128U);
    EXPECT_TRUE(read(layer).blobs.empty());
    EXPECT_TRUE(layer.part().meta.empty());
  }
}

TEST(NativeEncoder, version_5_has_chunks_and_a_raw_bootstrap) {
  NativeSettings settings = default_settings();
  settings.version = FsVersion::v5;
  const NativeLayer layer = encode_native(settings, three_files());
  EXPECT_EQ(testing::section_names(layer.blob), (Names{"image.blob", "image.boot"}));
  const std::vector<Section> found = sections(layer.blob);
  EXPECT_EQ(as_text(layer.bytes(found[1].offset, found[1].size)), as_text(layer.part().bootstrap.view()));
  const Rafs rafs = read(layer);
  EXPECT_EQ(rafs.blobs[0].features, 0x50000002U);
  EXPECT_EQ(rafs.blobs[0].compressed_size, found[0].size + 512);
  EXPECT_EQ(rafs.blobs[0].uncompressed_size, 15000U);
  EXPECT_TRUE(layer.part().meta.empty());
  EXPECT_EQ(layer.part().toc_size, 0U);

  settings.align_chunks = true;
  EXPECT_EQ(read(encode_native(settings, three_files())).blobs[0].uncompressed_size, 12288U + 8192U);
  EXPECT_EQ(testing::section_names(encode_native(settings, "").blob), (Names{"image.boot"}));
}

TEST(NativeEncoder, all_compressors_can_be_read_back) {
  const std::pair<Compressor, codec::ChunkCodec> all[] = {{Compressor::none, codec::ChunkCodec::none},
                                                          {Compressor::lz4_block, codec::ChunkCodec::lz4_block},
                                                          {Compressor::gzip, codec::ChunkCodec::gzip},
                                                          {Compressor::zstd, codec::ChunkCodec::zstd}};
  for (const auto& [compressor, codec] : all) {
    NativeSettings settings;
    settings.compressor = compressor;
    if (compressor != Compressor::none) testing::set_encoders(settings, codec);
    const NativeLayer layer = encode_native(settings, three_files());
    const bool v2 = compressor == Compressor::gzip;  // or readers take the blob for a legacy eStargz layer
    EXPECT_EQ(read(layer).blobs[0].features, v2 ? 0x70000027U : 0x70000023U);
    const testing::Info info = testing::infos(testing::stored_ci(layer.part()), 2, v2)[0];
    EXPECT_EQ(testing::decode(codec, layer.bytes(0, info.compressed_size), 10000), std::string(10000, 'a'));
    EXPECT_EQ(info.flags, v2 ? 0x11U : 0U);
  }
}

TEST(NativeEncoder, a_file_that_is_replaced_leaves_no_chunk_in_the_bootstrap) {
  const std::string tar = TarBuilder().file("a", "first").file("a", "second").file("b", "third").text();
  const NativeLayer layer = encode_native(plain_settings(), tar);
  EXPECT_EQ(as_text(layer.bytes(0, 16)), "firstsecondthird");
  const Rafs rafs = read(layer);
  EXPECT_EQ(rafs.blobs[0].chunk_count, 3U);
  EXPECT_EQ(rafs.chunks.size(), 2U);
  EXPECT_EQ(file_at(rafs, "/a").size, 6U);
}

TEST(NativeEncoder, links_may_come_before_their_files) {
  const std::string tar = TarBuilder().hardlink("link", "file").file("file", "content").text();
  const Rafs rafs = read(encode_native(plain_settings(), tar));
  EXPECT_EQ(rafs.tree.inode_number(rafs.tree.find("/link")), rafs.tree.inode_number(rafs.tree.find("/file")));
  EXPECT_EQ(file_at(rafs, "/link").chunk_count, 1U);
}

TEST(NativeEncoder, what_estargz_added_is_left_out) {
  const std::string tar = TarBuilder()
                              .file(".no.prefetch.landmark", "\x0f")
                              .file("a", "x")
                              .file("d/.prefetch.landmark", "kept")
                              .file("stargz.index.json", "{}")
                              .text();
  const NativeLayer layer = encode_native(plain_settings(), tar);
  EXPECT_EQ(as_text(layer.bytes(0, 5)), "xkept");
  EXPECT_EQ(read(layer).blobs[0].chunk_count, 2U);
}

TEST(NativeEncoder, bytes_do_not_depend_on_threads_memory_or_pieces) {
  TarBuilder builder;
  for (int i = 0; i < 300; ++i)
    builder.file("f" + std::to_string(i), random_bytes(static_cast<std::size_t>(i) * 31, 5));
  builder.file("large", std::string(3U << 20U, 'l') + random_bytes(700000, 6));
  const std::string tar = builder.end().text();
  for (const std::uint32_t batch_size : {0U, 8192U}) {
    NativeSettings settings = default_settings();
    settings.batch_size = batch_size;
    const Bytes blob = encode_native(settings, tar, {.threads = 1}).blob;
    EXPECT_EQ(encode_native(settings, tar, {.threads = 2, .budget = 1}).blob, blob);
    EXPECT_EQ(encode_native(settings, tar, {.threads = 7, .max_piece = 1000}).blob, blob);
  }
}

}  // namespace
}  // namespace accel::formats::nydus
