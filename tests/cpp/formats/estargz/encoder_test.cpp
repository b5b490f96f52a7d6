#include "accel/formats/estargz/encoder.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/jtoc/parser.hpp"
#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::estargz {
namespace {

using namespace std::string_literals;
using accel::testing::TarBuilder;
using formats::testing::decompress;
using formats::testing::encode_layer;
using formats::testing::EncodedLayer;
using formats::testing::Listing;
using formats::testing::round_trip;

/// The TOC of a blob of ours.
jtoc::Toc toc_of(const Bytes& blob) {
  const auto footer = find_footer(ByteView(blob).last(kFooterSize), blob.size());
  const std::string tar = decompress(ByteView(blob).subspan(static_cast<std::size_t>(footer->toc_offset)));
  const auto size = std::stoul(tar.substr(124, 11), nullptr, 8);
  accel::testing::ChunkedStream json(tar.substr(512, size));
  return jtoc::parse_toc(json).toc;
}

/// Uncompressed sizes of the members between the offsets that the TOC names, then of TOC and footer.
std::vector<std::size_t> member_sizes(const Bytes& blob) {
  std::vector<std::uint64_t> offsets = jtoc::unit_offsets(toc_of(blob));
  offsets.push_back(find_footer(ByteView(blob).last(kFooterSize), blob.size())->toc_offset);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    sizes.push_back(decompress(ByteView(blob).subspan(static_cast<std::size_t>(offsets[i]),
                                                      static_cast<std::size_t>(offsets[i + 1] - offsets[i])))
                        .size());
  }
  return sizes;
}

EncodedLayer encode_with_chunks_of(std::uint64_t chunk_size, const std::string& tar) {
  EncoderSettings settings;
  settings.chunk_size = chunk_size;
  settings.encoders = std::make_shared<UnitEncoderPool>([] { return codec::make_gzip_encoder(6); });
  settings.tail = make_inner_toc_tail();
  ThreadPool pool(2);
  MemoryBudget budget(1U << 20U);
  const EncodeContext context = formats::testing::make_context(pool, budget);
  io::MemorySink sink;
  const auto encoder = make_stream_encoder(settings, std::string(oci::kOciLayerGzip), sink, context);
  EncodedLayer layer;
  layer.result = formats::testing::feed(*encoder, tar);
  layer.blob = to_bytes(sink.view());
  return layer;
}

// The example of estargz.md section 1: chunks of 8 bytes; `d/a` has an extended header there.
const std::string kExample = TarBuilder()
                                 .directory("d/")
                                 .pax({{"SCHILY.xattr.user.x", "1"}})
                                 .file("d/a", "0123456789abcdef")
                                 .file("e")
                                 .file("d/b", "0123456789")
                                 .device("c", '3', 1, 3)
                                 .hardlink("h", "d/a")
                                 .end()
                                 .text();

TEST(StreamEncoder, members_are_those_of_the_example_in_the_spec) {
  const EncodedLayer layer = encode_with_chunks_of(8, kExample);
  EXPECT_EQ(member_sizes(layer.blob), (std::vector<std::size_t>{512, 2560, 8, 1528, 8, 1528}));
}

TEST(StreamEncoder, toc_says_what_the_spec_says) {
  const jtoc::Toc toc = toc_of(encode_with_chunks_of(8, kExample).blob);
  std::string text;
  for (const jtoc::Entry& entry : toc.entries) {
    text.append(entry.name).append(":").append(jtoc::to_string(entry.kind)).append(":");
    text += std::to_string(entry.chunk_offset) + ":" + std::to_string(entry.chunk_size) + " ";
  }
  EXPECT_EQ(text,
            ".no.prefetch.landmark:reg:0:0 d/:dir:0:0 d/a:reg:0:8 d/a:chunk:8:8 e:reg:0:0 d/b:reg:0:8 d/b:chunk:8:0 "
            "c:char:0:0 h:hardlink:0:0 ");
  EXPECT_EQ(toc.entries[2].digest, hash::sha256(as_bytes("0123456789abcdef")));
  EXPECT_EQ(toc.entries[2].chunk_digest, hash::sha256(as_bytes("01234567")));
  EXPECT_TRUE(toc.entries[3].digest.empty());
  EXPECT_EQ(toc.entries[4].digest, hash::sha256({}));
  EXPECT_EQ(toc.entries[4].offset, 0U);
  EXPECT_EQ(toc.entries[2].xattrs[0].first, "user.x");
  EXPECT_EQ(toc.entries[7].device_minor, 3U);
}

TEST(StreamEncoder, result_describes_the_blob) {
  const EncodedLayer layer = encode_layer("estargz", {}, kExample);
  const std::string tar = decompress(layer.blob);
  EXPECT_EQ(layer.result.diff_id, hash::sha256(as_bytes(tar)));
  EXPECT_EQ(layer.result.uncompressed_size, tar.size());
  EXPECT_EQ(layer.result.annotations.at("io.containers.estargz.uncompressed-size"), std::to_string(tar.size()));
  EXPECT_EQ(layer.result.media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_TRUE(layer.result.side_blob.empty());
  EXPECT_EQ(tar.substr(0, 21), ".no.prefetch.landmark");
  EXPECT_EQ(tar.substr(tar.size() - 1024), std::string(1024, '\0'));
}

TEST(StreamEncoder, raw_headers_are_kept_and_the_end_of_archive_is_not) {
  const std::string body = TarBuilder().pax({{"comment", "kept"}, {"mtime", "1.25"}}).file("a", "x").text();
  const std::string tar = decompress(encode_layer("estargz", {}, body + std::string(4096, '\0') + "tail").blob);
  EXPECT_EQ(tar.substr(1024, body.size()), body);
  EXPECT_EQ(tar.substr(1024 + body.size(), 17), "stargz.index.json");
}

TEST(StreamEncoder, converting_again_gives_the_same_bytes) {
  const EncodedLayer first = encode_layer("estargz", {}, kExample);
  const EncodedLayer second = encode_layer("estargz", {}, decompress(first.blob));
  EXPECT_EQ(first.blob, second.blob);
}

TEST(StreamEncoder, global_headers_and_sizes_of_links_are_dropped) {
  const std::string tar = TarBuilder()
                              .pax({{"comment", "of a whole archive"}}, 'g')
                              .file("a", "x")
                              .entry({.name = "l", .type = '1', .link_name = "a", .size = 5})
                              .end()
                              .text();
  for (const OptionValues& options : {OptionValues{}, OptionValues{{"prioritized_files", "a"}}}) {
    const EncodedLayer layer = encode_layer("estargz", options, tar);
    EXPECT_EQ(decompress(layer.blob).find("of a whole archive"), std::string::npos);
    const Listing listing = round_trip(layer);
    EXPECT_EQ(listing.order, (std::vector<std::string>{"a", "l"}));
    EXPECT_EQ(listing.at("l").header_size, 0U);
  }
}

TEST(StreamEncoder, sparse_files_are_expanded) {
  const std::string map = "2\n0\n5\n1048576\n5\n";
  std::string stored = map + std::string(512 - map.size(), '\0') + "aaaaabbbbb";
  const std::string tar = TarBuilder()
                              .pax({{"GNU.sparse.major", "1"},
                                    {"GNU.sparse.minor", "0"},
                                    {"GNU.sparse.name", "sparse"},
                                    {"GNU.sparse.realsize", "1048581"}})
                              .file("GNUSparseFile.1/sparse", stored)
                              .file("next", "n")
                              .end()
                              .text();
  const std::string content = "aaaaa" + std::string(1048571, '\0') + "bbbbb";
  for (const OptionValues& options : {OptionValues{}, OptionValues{{"prioritized_files", "next"}}}) {
    const Listing listing = round_trip(encode_layer("estargz", options, tar));
    EXPECT_EQ(listing.digest("sparse"), hash::sha256(as_bytes(content)).to_string());
    EXPECT_FALSE(listing.at("sparse").sparse);
    EXPECT_EQ(listing.digest("next"), hash::sha256(as_bytes("n")).to_string());
  }
}

TEST(StreamEncoder, padding_cut_off_at_the_end_is_completed) {
  std::string tar = TarBuilder().file("a", "content").text();
  tar.resize(512 + 7);
  const EncodedLayer layer = encode_layer("estargz", {}, tar);
  EXPECT_EQ(round_trip(layer).digest("a"), hash::sha256(as_bytes("content")).to_string());
}

TEST(StreamEncoder, entries_a_toc_cannot_hold_are_refused_by_name) {
  struct Bad {
    std::string tar;
    const char* message;
  };
  const Bad bad[] = {
      {TarBuilder().file("bad\xff").text(), "not UTF-8"},
      {TarBuilder().symlink("link", "bad\xff").text(), "not UTF-8"},
      {TarBuilder().pax({{"mtime", "99999999999999"}}).file("late").text(), "years 1 to 9999"},
      {TarBuilder().file("a/../b").text(), "\"..\""},
      {TarBuilder().symlink("s", "x").file("s/below").text(), "no directory"},
      {TarBuilder().file("d/below").file("d").text(), "entries before it lie below it"},
      {TarBuilder().directory("d").hardlink("l", "d").text(), "hardlink to the directory"},
      {TarBuilder().hardlink("l", "nothing").text(), "not in this layer"},
      {TarBuilder().hardlink("l", "l").text(), "circle"},
      {TarBuilder().hardlink("l", "m").hardlink("m", "l").text(), "circle"},
      {TarBuilder().hardlink("l", "../m").text(), "\"..\""},
      {TarBuilder().file("").text(), "root is no directory"},
  };
  for (const Bad& each : bad) {
    try {
      encode_layer("estargz", {}, each.tar);
      ADD_FAILURE() << "accepted: " << each.message;
    } catch (const FormatError& error) {
      EXPECT_NE(std::string(error.what()).find(each.message), std::string::npos) << error.what();
    }
  }
}

TEST(StagedEncoder, repeated_names_leave_the_last) {
  const EncodedLayer layer = encode_layer(
      "estargz", {}, TarBuilder().file("a", "first").hardlink("b", "a").file("./a", "second").end().text());
  EXPECT_TRUE(layer.restarted);
  const Listing listing = round_trip(layer);
  EXPECT_EQ(listing.order, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(listing.digest("b"), hash::sha256(as_bytes("first")).to_string());
  EXPECT_EQ(listing.digest("a"), hash::sha256(as_bytes("second")).to_string());
  EXPECT_EQ(listing.at("b").type, tar::EntryType::regular);
}

TEST(StagedEncoder, links_before_their_target_are_written_after_it) {
  const EncodedLayer layer =
      encode_layer("estargz", {}, TarBuilder().hardlink("l", "z").file("a").file("z", "content").end().text());
  EXPECT_TRUE(layer.restarted);
  EXPECT_EQ(round_trip(layer).order, (std::vector<std::string>{"a", "z", "l"}));
}

TEST(StagedEncoder, prioritised_files_stand_before_the_prefetch_landmark) {
  const std::string tar = TarBuilder().file("a", "1").directory("d").file("d/b", "2").file("c", "3").end().text();
  const EncodedLayer layer = encode_layer("estargz", {{"prioritized_files", "d/b\nnot/there"}}, tar);
  EXPECT_FALSE(layer.restarted);
  std::vector<std::string> names;
  for (const jtoc::Entry& entry : toc_of(layer.blob).entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"d", "d/b", ".prefetch.landmark", "a", "c"}));
  ASSERT_EQ(layer.notes.size(), 1U);
  EXPECT_NE(layer.notes[0].find("not/there"), std::string::npos);
  EXPECT_EQ(round_trip(layer).order.size(), 4U);
}

TEST(StagedEncoder, staged_without_need_gives_what_streaming_gives) {
  const auto format = make_format("estargz", {});
  ThreadPool pool(1);
  MemoryBudget budget(1U << 20U);
  EncodeContext context = formats::testing::make_context(pool, budget);
  context.staged = true;
  oci::Descriptor source;
  source.media_type = oci::kOciLayer;
  io::MemorySink sink;
  const LayerResult result = formats::testing::feed(*format->encode(source, sink, context), kExample);
  const EncodedLayer streamed = encode_layer(*format, kExample);
  EXPECT_EQ(to_bytes(sink.view()), streamed.blob);
  EXPECT_EQ(result.diff_id, streamed.result.diff_id);
}

TEST(LosslessEncoder, every_byte_of_the_stream_is_kept) {
  const OptionValues options = {{"external_toc", "true"}, {"keep_diff_id", "true"}};
  for (const std::string& tar : {kExample, kExample + std::string(300000, '\0') + "garbage", ""s}) {
    const EncodedLayer layer = encode_layer("estargz", options, tar);
    EXPECT_EQ(decompress(layer.blob), tar);
    EXPECT_TRUE(layer.result.diff_id.empty());
    EXPECT_EQ(layer.result.uncompressed_size, tar.size());
    round_trip(layer);
  }
}

TEST(LosslessEncoder, what_would_have_to_change_is_refused) {
  const OptionValues options = {{"external_toc", "true"}, {"keep_diff_id", "true"}};
  for (const std::string& tar :
       {TarBuilder().file("a").file("a").text(), TarBuilder().hardlink("l", "a").file("a").text(),
        TarBuilder().file("stargz.index.json").text(), TarBuilder().file("bad\xff").text()}) {
    EXPECT_THROW(encode_layer("estargz", options, tar), FormatError);
  }
}

TEST(MinChunkSize, small_files_share_members_of_that_size) {
  TarBuilder builder;
  for (int i = 0; i < 300; ++i)
    builder.file("f" + std::to_string(i), formats::testing::random_bytes(2000, 7U + static_cast<std::uint32_t>(i)));
  const EncodedLayer layer = encode_layer("estargz", {{"min_chunk_size", "30000"}}, builder.end().text());
  const jtoc::Toc toc = toc_of(layer.blob);
  std::vector<std::uint64_t> offsets = jtoc::unit_offsets(toc);
  const auto footer = find_footer(ByteView(layer.blob).last(kFooterSize), layer.blob.size());
  EXPECT_LT(offsets.size(), 25U);
  offsets.push_back(footer->toc_offset);
  for (std::size_t i = 1; i + 1 < offsets.size(); ++i) EXPECT_GE(offsets[i + 1] - offsets[i], 30000U) << i;
  EXPECT_EQ(toc.entries[0].inner_offset, 0U);  // a landmark begins a member
  EXPECT_GT(toc.entries[2].inner_offset, 0U);
  EXPECT_EQ(round_trip(layer).order.size(), 300U);
}

TEST(EmptyFiles, a_long_run_of_headers_is_cut) {
  TarBuilder builder;
  for (int i = 0; i < 10000; ++i) builder.file("dir/file" + std::to_string(i));
  const EncodedLayer layer = encode_layer("estargz", {}, builder.end().text());
  EXPECT_EQ(round_trip(layer).order.size(), 10000U);
  EXPECT_LT(layer.blob.size(), 400000U);
}

}  // namespace
}  // namespace accel::formats::estargz
