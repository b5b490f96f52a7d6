#include "accel/formats/nydus/ref_encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "accel/base/error.hpp"
#include "codec/bit_writer.hpp"
#include "formats/nydus/ref_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using codec::zlib_deflate;
using testing::encode_ref;
using testing::random_bytes;
using testing::read_index;
using testing::ReaderVersion;
using testing::RefIndex;
using testing::RefLayer;

using Files = std::map<std::string, std::string>;

std::string text_of(std::size_t size) {
  std::string text;
  for (unsigned line = 0; text.size() < size; ++line) {
    text += "line " + std::to_string(line * 7919U % 10'007U) + " of a file that is like others\n";
  }
  text.resize(size);
  return text;
}

/// Files of all sizes, 7 MB in all, of which some are the same.
const Files& sample_files() {
  static const Files files{{"a/random", random_bytes(1'300'000, 1)},
                           {"a/text", text_of(2'500'000)},
                           {"b/same", random_bytes(1'300'000, 1)},
                           {"b/small", "small"},
                           {"b/small2", "small"},
                           {"c/empty", ""},
                           {"c/mixed", random_bytes(300'000, 2) + text_of(400'000) + std::string(700'000, '\0')},
                           {"d/last", text_of(1234)}};
  return files;
}

std::string tar_of(const Files& files, bool with_end = true) {
  TarBuilder builder;
  for (const auto& [name, content] : files) builder.file(name, content);
  if (with_end) builder.end();
  return builder.text();
}

/// Members that end where `cuts` say.
std::string in_members(std::string_view tar, const std::vector<std::size_t>& cuts,
                       const codec::DeflateSettings& settings) {
  std::string compressed;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    compressed += zlib_deflate(tar.substr(begin, cut - begin), settings);
    begin = cut;
  }
  return compressed + zlib_deflate(tar.substr(begin), settings);
}

/// Where in the tar the content of each file begins and ends, as an eStargz writer would cut.
std::vector<std::size_t> content_cuts(const Files& files) {
  std::vector<std::size_t> cuts;
  std::size_t at = 0;
  for (const auto& [name, content] : files) {
    cuts.push_back(at + 512);
    if (!content.empty()) cuts.push_back(at + 512 + content.size());
    at += 512 + (content.size() + 511) / 512 * 512;
  }
  return cuts;
}

/// Reads every file through bootstrap and index, and checks digests on the way.
void expect_files(std::string_view source, const RefLayer& layer, const Files& files,
                  ReaderVersion version = ReaderVersion::v2_4) {
  const Rafs rafs = read_bootstrap(layer.part().bootstrap.view());
  const RefIndex index = read_index(layer.part());
  ASSERT_EQ(index.chunks.size(), rafs.chunks.size());
  testing::RefReader reader(source, index, version);
  std::map<std::uint32_t, std::string> chunks;
  for (const Chunk& chunk : rafs.chunks) {
    const auto content = reader.chunk(index.chunks.at(chunk.index));
    ASSERT_TRUE(content.has_value()) << chunk.index;
    const hash::Digest digest = hash::sha256(as_bytes(*content));
    ASSERT_TRUE(std::ranges::equal(digest.raw(), chunk.digest)) << chunk.index;
    ASSERT_EQ(chunk.uncompressed_offset, index.chunks[chunk.index].uncompressed_offset);
    chunks[chunk.index] = *content;
  }
  for (const auto& [name, content] : files) {
    const Tree::Name found = rafs.tree.find("/" + name);
    ASSERT_NE(found, Tree::kNone) << name;
    const Inode& inode = rafs.tree.inode(found);
    std::string read;
    for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
      read += chunks.at(rafs.chunks[rafs.file_chunks[inode.first_chunk + i]].index);
    }
    ASSERT_TRUE(read == content) << name;
  }
}

struct Case {
  std::string name, source;
  bool works_with_2_2 = true;  // not where a member ends inside a chunk, or behind it in a stored or fixed block
};

std::vector<Case> make_cases() {
  const std::string tar = tar_of(sample_files());
  const std::vector<std::size_t> cuts = content_cuts(sample_files());
  std::vector<std::size_t> anywhere;
  for (std::size_t at = 100'000; at < tar.size(); at += 777'777) anywhere.push_back(at);
  std::vector<std::size_t> many;
  for (std::size_t at = 0; at < tar.size(); at += 20'000) many.push_back(at);  // the first one is empty
  return {{"one member", zlib_deflate(tar)},
          {"fast", zlib_deflate(tar, {.level = 1})},
          {"small blocks", zlib_deflate(tar, {.memory_level = 1})},
          {"stored blocks", zlib_deflate(tar, {.level = 0})},
          {"fixed codes", zlib_deflate(tar, {.strategy = Z_FIXED})},
          {"flushed as pigz does", zlib_deflate(tar, {.flush_every = 131'072, .flush = Z_SYNC_FLUSH})},
          {"fully flushed", zlib_deflate(tar, {.flush_every = 50'000, .flush = Z_FULL_FLUSH})},
          {"a member for each content", in_members(tar, cuts, {}), false},
          {"the same, stored", in_members(tar, cuts, {.level = 0}), false},
          {"the same, fixed codes", in_members(tar, cuts, {.strategy = Z_FIXED}), false},
          {"members that end inside files", in_members(tar, anywhere, {}), false},
          {"small members", in_members(tar, many, {}), false}};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = make_cases();
  return list;
}

TEST(RefEncoder, every_chunk_of_a_gzip_layer_is_read_back_by_an_independent_reader) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const RefLayer layer = encode_ref(c.source);
    expect_files(c.source, layer, sample_files());
    if (c.works_with_2_2) expect_files(c.source, layer, sample_files(), ReaderVersion::v2_2);
    if (HasFatalFailure()) return;
  }
}

TEST(RefEncoder, first_readers_can_read_members_that_end_with_a_file) {
  Files files{{"empty", ""}, {"zeros", std::string(100'000, '\0')}};
  for (std::size_t i = 0; i < 200; ++i) files["f" + std::to_string(i)] = text_of(1 + i * i * 7);
  const std::string source = in_members(tar_of(files), content_cuts(files), {});
  expect_files(source, encode_ref(source), files, ReaderVersion::v2_2);
}

TEST(RefEncoder, members_cut_anywhere_and_compressed_in_any_way_are_read_back) {
  std::uint32_t state = 1;
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return static_cast<std::size_t>((state >> 8U) % below);
  };
  for (int round = 0; round < 150; ++round) {
    Files files;
    for (std::size_t i = random(12) + 1; i-- > 0;) {
      const std::size_t size = random(4) == 0 ? random(40'000) : random(600);
      files["f" + std::to_string(i)] = random(3) == 0 ? random_bytes(size, state) : text_of(size);
    }
    std::vector<std::size_t> cuts = content_cuts(files);
    const std::string tar = tar_of(files);
    std::erase_if(cuts, [&](std::size_t) { return random(2) == 0; });
    for (std::size_t i = random(4); i-- > 0;) cuts.push_back(random(static_cast<std::uint32_t>(tar.size())));
    if (!cuts.empty()) cuts.push_back(cuts.front());  // an empty member
    std::ranges::sort(cuts);
    std::string source;
    std::size_t begin = 0;
    cuts.push_back(tar.size());
    for (const std::size_t cut : cuts) {
      const codec::DeflateSettings settings{.level = static_cast<int>(random(3) * 3),
                                            .strategy = random(3) == 0 ? Z_FIXED : Z_DEFAULT_STRATEGY,
                                            .flush_every = random(3) == 0 ? 100 + random(2000) : 0,
                                            .flush = random(2) == 0 ? Z_SYNC_FLUSH : Z_BLOCK,
                                            .memory_level = 1 + static_cast<int>(random(9))};
      source += zlib_deflate(std::string_view(tar).substr(begin, cut - begin), settings);
      begin = cut;
    }
    SCOPED_TRACE(round);
    const RefLayer layer = encode_ref(source);
    expect_files(source, layer, files);
    EXPECT_TRUE(encode_ref(source, 333, 1000).blob == layer.blob);
    if (HasFailure()) return;
  }
}

TEST(RefEncoder, slices_are_no_more_than_chunks_and_of_the_size_that_the_reference_wants) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const RefIndex index = read_index(encode_ref(c.source).part());
    ASSERT_LE(index.slices.size(), index.chunks.size());
    std::set<std::uint64_t> used;
    for (const auto& info : index.chunks) used.insert(info.data >> 32U);
    EXPECT_EQ(used.size(), index.slices.size());  // each has a chunk
    std::uint64_t dictionaries = 0;
    for (std::size_t i = 0; i < index.slices.size(); ++i) {
      const testing::Slice& slice = index.slices[i];
      EXPECT_EQ(slice.dict_offset, dictionaries);
      dictionaries += slice.dict_size;
      EXPECT_LE(slice.out_size, 5U << 20U);
      EXPECT_LE(slice.in_size, 2U << 20U);
      EXPECT_TRUE(i == 0 || slice.out_offset > index.slices[i - 1].out_offset);
    }
    EXPECT_EQ(dictionaries, index.dictionaries.size());
  }
}

TEST(RefEncoder, output_does_not_depend_on_how_the_layer_comes_in) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const RefLayer layer = encode_ref(c.source);
    for (const auto& [read, piece] :
         std::vector<std::pair<std::size_t, std::size_t>>{{1000, SIZE_MAX}, {SIZE_MAX, 4096}, {70'000, 100'001}}) {
      EXPECT_TRUE(encode_ref(c.source, read, piece).blob == layer.blob) << read << " " << piece;
    }
  }
}

TEST(RefEncoder, sections_descriptor_and_blob_record_are_those_of_the_specification) {
  const std::string source = zlib_deflate(tar_of(sample_files()));
  const RefLayer layer = encode_ref(source);
  EXPECT_EQ(testing::section_names(layer.blob),
            (std::vector<std::string>{"blob.meta", "blob.digest", "image.boot", "rafs.blob.toc"}));
  EXPECT_EQ(layer.result.media_type, kBlobMediaType);
  EXPECT_TRUE(layer.result.diff_id_is_blob);
  const std::string digest = hash::sha256(as_bytes(source)).to_string();
  EXPECT_EQ(layer.result.annotations,
            (oci::Annotations{{std::string(kBlobAnnotation), "true"}, {std::string(kRefAnnotation), digest}}));
  const Rafs rafs = read_bootstrap(layer.part().bootstrap.view());
  EXPECT_EQ(rafs.chunk_size, 1U << 20U);
  EXPECT_EQ(rafs.digester, Digester::sha256);
  ASSERT_EQ(rafs.blobs.size(), 1U);
  const Blob& blob = rafs.blobs.front();
  EXPECT_EQ("sha256:" + blob.id, digest);
  EXPECT_EQ(blob.features, 0x7000003FU);
  EXPECT_EQ(blob.compressed_size, source.size());
  EXPECT_EQ(blob.compressor, Compressor::gzip);
  EXPECT_EQ(blob.digester, Digester::sha256);
  EXPECT_EQ(blob.ci_compressor, Compressor::zstd);
  EXPECT_EQ(blob.ci_offset, 0U);
  EXPECT_EQ(blob.meta_size, 0U);
  const RefIndex index = read_index(layer.part());
  EXPECT_EQ(index.features, 0x7000003FU);
  EXPECT_EQ(blob.chunk_count, index.chunks.size());
  EXPECT_EQ(blob.uncompressed_size, index.chunks.back().uncompressed_offset + 4096);  // "d/last"
  for (const Chunk& chunk : rafs.chunks) {
    EXPECT_EQ(chunk.flags, chunk_flag::kCompressed | chunk_flag::kHasCrc);
    EXPECT_EQ(index.chunks[chunk.index].flags, 3U);
    EXPECT_EQ(index.chunks[chunk.index].compressed_offset, chunk.compressed_offset);
    EXPECT_EQ(index.chunks[chunk.index].compressed_size, chunk.compressed_size);
    EXPECT_LE(chunk.compressed_offset + chunk.compressed_size, source.size());
  }
  // The TOC and its digest, and the digests of chunks.
  const auto sections = testing::sections(layer.blob);
  const ByteView toc = ByteView(layer.blob).subspan(sections.back().offset);
  EXPECT_EQ(layer.part().toc_size, toc.size());
  EXPECT_TRUE(std::ranges::equal(hash::sha256(toc).raw(), layer.part().toc_digest));
  EXPECT_EQ(sections[1].size, 32 * index.chunks.size());
}

TEST(RefEncoder, first_slice_begins_behind_the_header_without_dictionary) {
  const RefIndex index = read_index(encode_ref(zlib_deflate(tar_of({{"f", "content"}}))).part());
  ASSERT_EQ(index.slices.size(), 1U);
  const testing::Slice& slice = index.slices.front();
  EXPECT_EQ(slice.in_offset, 10U);
  EXPECT_EQ(slice.out_offset, 0U);
  EXPECT_EQ(slice.dict_size, 0U);
  EXPECT_EQ(slice.bits, 0U);
  EXPECT_EQ(slice.byte, 0U);
  EXPECT_EQ(slice.out_size, 512U + 7U);
  EXPECT_EQ(index.chunks.front().data, 512U);
}

TEST(RefEncoder, plain_tars_are_referred_to_by_position) {
  const std::string tar = tar_of(sample_files());
  const RefLayer layer = encode_ref(tar);
  expect_files(tar, layer, sample_files());
  const RefIndex index = read_index(layer.part());
  EXPECT_EQ(index.features, 0x70000037U);
  EXPECT_TRUE(index.slices.empty());
  EXPECT_TRUE(index.dictionaries.empty());
  const Rafs rafs = read_bootstrap(layer.part().bootstrap.view());
  EXPECT_EQ(rafs.blobs.front().features, 0x70000037U);
  EXPECT_EQ(rafs.blobs.front().compressor, Compressor::gzip);
  EXPECT_EQ(rafs.blobs.front().compressed_size, tar.size());
  for (const Chunk& chunk : rafs.chunks) {
    EXPECT_EQ(chunk.flags, chunk_flag::kHasCrc);
    EXPECT_EQ(index.chunks[chunk.index].flags, 0U);
    EXPECT_EQ(index.chunks[chunk.index].data, 0U);
    EXPECT_EQ(chunk.compressed_size, chunk.uncompressed_size);
  }
}

TEST(RefEncoder, layers_without_content_have_a_bootstrap_only) {
  for (const std::string& tar : {TarBuilder().directory("d").file("d/empty").end().text(), std::string()}) {
    for (const std::string& source : {zlib_deflate(tar), tar}) {
      const RefLayer layer = encode_ref(source);
      EXPECT_EQ(testing::section_names(layer.blob), (std::vector<std::string>{"image.boot", "rafs.blob.toc"}));
      EXPECT_TRUE(layer.part().meta.empty());
      EXPECT_TRUE(read_bootstrap(layer.part().bootstrap.view()).blobs.empty());
    }
  }
}

TEST(RefEncoder, links_share_chunks_and_replaced_files_stay_in_the_index) {
  const std::string tar =
      TarBuilder().file("f", "first").hardlink("link", "f").file("f2", "second").file("f2", "third").end().text();
  const std::string source = zlib_deflate(tar);
  const RefLayer layer = encode_ref(source);
  const RefIndex index = read_index(layer.part());
  EXPECT_EQ(index.chunks.size(), 3U);
  const Rafs rafs = read_bootstrap(layer.part().bootstrap.view());
  EXPECT_EQ(rafs.tree.inode_number(rafs.tree.find("/f")), rafs.tree.inode_number(rafs.tree.find("/link")));
  EXPECT_EQ(rafs.tree.inode(rafs.tree.find("/f2")).size, 5U);
}

TEST(RefEncoder, a_file_that_ends_with_the_last_block_can_be_read) {
  // No padding, no end-of-archive: the last byte of the layer is the last byte of a file.
  const Files files{{"f", text_of(51'200)}};
  const std::string source = zlib_deflate(tar_of(files, false));
  const RefLayer layer = encode_ref(source);
  for (const ReaderVersion version : {ReaderVersion::v2_2, ReaderVersion::v2_4}) {
    expect_files(source, layer, files, version);
  }
  // In a stored block there is no code whose bits could be left out.
  EXPECT_THROW(encode_ref(zlib_deflate(tar_of(files, false), {.level = 0})), UnsupportedError);
}

/// A layer with one file of zeros, `size` of them, all in one deflate block.
std::string one_block(std::size_t size) {
  const std::string tar = TarBuilder().file("zeros", std::string(size, '\0')).end().text();
  codec::BitWriter block;
  block.bits(1, 1).bits(1, 2);
  for (const char c : tar.substr(0, 513)) block.fixed(static_cast<unsigned char>(c));
  std::size_t left = tar.size() - 513;
  for (; left >= 258; left -= 258) block.fixed(285).code(0, 5);  // as far as the last byte
  for (; left > 0; --left) block.fixed(0);
  block.fixed(256);
  std::string gzip = zlib_deflate(tar);
  return gzip.substr(0, 10) + block.text() + gzip.substr(gzip.size() - 8);
}

TEST(RefEncoder, blocks_too_long_for_readers_are_refused_with_the_remedy) {
  const std::string fits = one_block(15 << 20);
  expect_files(fits, encode_ref(fits), {{"zeros", std::string(15 << 20, '\0')}});
  try {
    // Its zeros are one chunk again and again, which counts for nothing, but the last one is shorter.
    encode_ref(one_block((16 << 20) + 1));
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_NE(error.hint().find("without oci_ref"), std::string::npos);
  }
}

TEST(RefEncoder, what_cannot_be_referred_to_is_refused) {
  const std::string zstd = [] {
    io::MemorySink sink;
    Buffer out;
    codec::make_zstd_encoder(3)->encode(as_bytes(tar_of({{"f", "content"}})), out);
    return to_string(out.view());
  }();
  try {
    encode_ref(zstd);
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_NE(error.hint().find("oci_ref_zstd"), std::string::npos);
  }
  const std::string sparse = TarBuilder()
                                 .pax({{"GNU.sparse.major", "0"},
                                       {"GNU.sparse.minor", "1"},
                                       {"GNU.sparse.name", "holes"},
                                       {"GNU.sparse.size", "1000"},
                                       {"GNU.sparse.numblocks", "1"},
                                       {"GNU.sparse.map", "0,5"}})
                                 .file("holes", "12345")
                                 .end()
                                 .text();
  EXPECT_THROW(encode_ref(zlib_deflate(sparse)), UnsupportedError);
  EXPECT_THROW(encode_ref(sparse), UnsupportedError);
}

TEST(RefEncoder, damaged_layers_are_format_errors) {
  const std::string source = zlib_deflate(tar_of({{"f", text_of(300'000)}}));
  for (const std::size_t at : {0U, 12U, 1000U, 20'000U}) {
    std::string damaged = source;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_THROW(encode_ref(damaged), Error) << at;
  }
  EXPECT_THROW(encode_ref(std::string_view(source).substr(0, source.size() - 9)), FormatError);
}

}  // namespace
}  // namespace accel::formats::nydus
