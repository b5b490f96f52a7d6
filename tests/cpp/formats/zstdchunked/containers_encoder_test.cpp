#include "accel/formats/zstdchunked/containers_encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/jtoc/parser.hpp"
#include "accel/formats/zstdchunked/locate.hpp"
#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::zstdchunked {
namespace {

using accel::testing::TarBuilder;
using formats::testing::decompress;
using formats::testing::encode_layer;
using formats::testing::EncodedLayer;
using formats::testing::random_bytes;
using formats::testing::round_trip;

const OptionValues kContainers = {{"dialect", "containers"}};
const OptionValues kJoint = {{"dialect", "joint"}};

std::string toc_text(const EncodedLayer& layer) {
  const auto source = layer.source();
  const auto located = locate_metadata(layer.descriptor(), *source);
  EXPECT_TRUE(located);
  return decompress(ByteView(layer.blob)
                        .subspan(static_cast<std::size_t>(located->toc.offset),
                                 static_cast<std::size_t>(located->toc.compressed_size)));
}

jtoc::Toc toc_of(const EncodedLayer& layer) {
  accel::testing::ChunkedStream json(toc_text(layer));
  return jtoc::parse_toc(json).toc;
}

const std::string kTar = TarBuilder()
                             .directory("./")
                             .pax({{"mtime", "1.25"}, {"atime", "2"}})
                             .file("./small", "hello")
                             .file("./empty")
                             .file("./large", random_bytes(300000, 1))
                             .file("./hollow", std::string(70000, '\0'))
                             .hardlink("./link", "./small")
                             .end()
                             .text();

TEST(ContainersEncoder, the_tar_stream_passes_through_unchanged) {
  for (const OptionValues& options : {kContainers, kJoint}) {
    const EncodedLayer layer = encode_layer("zstdchunked", options, kTar);
    EXPECT_EQ(decompress(layer.blob), kTar);
    EXPECT_TRUE(layer.result.diff_id.empty());
    EXPECT_EQ(layer.result.uncompressed_size, kTar.size());
    EXPECT_EQ(layer.result.media_type, "application/vnd.oci.image.layer.v1.tar+zstd");
    EXPECT_TRUE(layer.notes.empty());
    round_trip(layer);
  }
}

TEST(ContainersEncoder, frames_with_content_hold_nothing_else) {
  const EncodedLayer layer = encode_layer("zstdchunked", kContainers, kTar);
  const jtoc::Toc toc = toc_of(layer);
  for (std::size_t i = 0; i < toc.entries.size(); ++i) {
    if (toc.entries[i].kind == jtoc::EntryKind::chunk) continue;
    const auto chunks = jtoc::chunks_of(toc, i);
    for (std::size_t k = 0; k < chunks.size(); ++k) {
      const std::uint64_t end = k + 1 < chunks.size() ? chunks[k + 1].offset : chunks[k].end_offset;
      const ByteView frame =
          ByteView(layer.blob)
              .subspan(static_cast<std::size_t>(chunks[k].offset), static_cast<std::size_t>(end - chunks[k].offset));
      EXPECT_EQ(decompress(frame).size(), chunks[k].size) << toc.entries[i].name;
    }
  }
}

TEST(ContainersEncoder, toc_of_the_c_dialect) {
  const jtoc::Toc toc = toc_of(encode_layer("zstdchunked", kContainers, kTar));
  ASSERT_EQ(toc.entries.size(), 10U);
  EXPECT_EQ(toc.entries[0].modtime, (tar::Time{0, 0}));  // epoch 0 is written
  EXPECT_EQ(toc.entries[1].modtime, (tar::Time{1, 250000000}));
  EXPECT_EQ(toc.entries[1].accesstime, (tar::Time{2, 0}));
  EXPECT_EQ(toc.entries[1].digest, hash::sha256(as_bytes("hello")));
  EXPECT_TRUE(toc.entries[1].chunk_digest.empty());
  EXPECT_EQ(toc.entries[1].chunk_size, 0U);
  EXPECT_GT(toc.entries[1].end_offset, toc.entries[1].offset);
  EXPECT_TRUE(toc.entries[2].digest.empty());  // readers know the digest of nothing
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = 3; i < 8; ++i) sizes.push_back(toc.entries[i].chunk_size);
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{133925, 21014, 6278, 131452, 7331}));
  EXPECT_FALSE(toc.entries[4].chunk_digest.empty());
  EXPECT_EQ(toc.entries[7].end_offset, 0U);  // on the file only
  EXPECT_FALSE(toc.entries[8].zeros);        // a file that is one hole is data
  EXPECT_EQ(toc.entries[9].link_name, "./small");
  EXPECT_FALSE(toc.tar_split_digest.empty());
}

TEST(ContainersEncoder, toc_of_joint_layers_serves_both_readers) {
  const jtoc::Toc toc = toc_of(encode_layer("zstdchunked", kJoint, kTar));
  EXPECT_FALSE(toc.entries[0].modtime);
  EXPECT_EQ(toc.entries[1].chunk_digest, toc.entries[1].digest);
  EXPECT_EQ(toc.entries[1].chunk_size, 5U);
  EXPECT_EQ(toc.entries[2].digest, hash::sha256({}));
  EXPECT_GT(toc.entries[7].end_offset, toc.entries[7].offset);
  EXPECT_EQ(toc.entries[3].end_offset, toc.entries[7].end_offset);
}

TEST(ContainersEncoder, annotations_are_those_of_who_shall_read) {
  const auto keys = [](const oci::Annotations& annotations) {
    std::string text;
    for (const auto& [key, value] : annotations) text += key + "\n";
    return text;
  };
  const std::string containers =
      "io.github.containers.zstd-chunked.manifest-checksum\nio.github.containers.zstd-chunked.manifest-position\n"
      "io.github.containers.zstd-chunked.tarsplit-position\n";
  const std::string stargz =
      "containerd.io/snapshot/stargz/toc.digest\nio.containers.estargz.uncompressed-size\n"
      "io.containers.zstd-chunked.manifest-checksum\nio.containers.zstd-chunked.manifest-position\n";
  const EncodedLayer c = encode_layer("zstdchunked", kContainers, kTar);
  EXPECT_EQ(keys(c.result.annotations), containers);
  const EncodedLayer both = encode_layer("zstdchunked", kJoint, kTar);
  EXPECT_EQ(keys(both.result.annotations), stargz);
  EXPECT_EQ(keys(both.result.twin_annotations), containers);
  const EncodedLayer p = encode_layer("zstdchunked", {{"dialect", "joint"}, {"publish", "containers"}}, kTar);
  EXPECT_EQ(p.result.annotations, both.result.twin_annotations);
  EXPECT_TRUE(p.result.twin_annotations.empty());
  const EncodedLayer s = encode_layer("zstdchunked", {{"dialect", "joint"}, {"publish", "stargz"}}, kTar);
  EXPECT_EQ(s.result.annotations, both.result.annotations);
  EXPECT_TRUE(s.result.twin_annotations.empty());
  EXPECT_EQ(s.blob, both.blob);
  round_trip(p);
  formats::testing::verify(*both.open(true), both.diff_id());
}

TEST(ContainersEncoder, large_chunks_and_holes_are_cut) {
  const std::string tar = TarBuilder()
                              .file("same", std::string(9U << 20U, 'A'))
                              .file("hole", std::string((9U << 20U) + 5, '\0') + "x")
                              .end()
                              .text();
  const EncodedLayer layer = encode_layer("zstdchunked", kJoint, tar);
  const jtoc::Toc toc = toc_of(layer);
  for (const jtoc::Entry& entry : toc.entries) EXPECT_LE(entry.chunk_size, 4U << 20U);
  EXPECT_EQ(std::count_if(toc.entries.begin(), toc.entries.end(), [](const auto& e) { return e.zeros; }), 3);
  round_trip(layer);
}

TEST(ContainersEncoder, what_partial_pulls_cannot_handle_becomes_an_ordinary_layer) {
  struct Obstacle {
    const char* note;
    std::string tar;
    bool containers = true;  // also for the C dialect
  };
  const Obstacle obstacles[] = {
      {"occurs twice", TarBuilder().file("x", "1").file("./x", "2").directory("x").end().text()},
      {"global PAX header", TarBuilder().pax({{"comment", "c"}}, 'g').file("x", "1").end().text()},
      {"not UTF-8", TarBuilder().file("x\xff", "1").end().text()},
      {"states a size",
       TarBuilder().file("f", "1").entry({.name = "l", .type = '1', .link_name = "f", .size = 5}).end().text()},
      {"names a target", TarBuilder().entry({.name = "f", .link_name = "odd"}, "1").end().text()},
      {"libarchive", TarBuilder().pax({{"LIBARCHIVE.xattr.user.a", "AAAA"}}).file("f", "1").end().text()},
      {"not zero follow", TarBuilder().file("f", "1").end().raw("tail" + std::string(508, '\0')).text()},
      {"whole block", TarBuilder().file("f", "1").end().raw(std::string(100, '\0')).text()},
      {"inside the padding", TarBuilder().file("f", "1").text().substr(0, 600)},
      {"years 1 to 9999", TarBuilder().pax({{"mtime", "999999999999"}}).file("f", "1").end().text()},
      {"before its target", TarBuilder().hardlink("l", "f").file("f", "1").end().text(), false},
  };
  for (const Obstacle& obstacle : obstacles) {
    for (const bool joint : {true, false}) {
      const EncodedLayer layer = encode_layer("zstdchunked", joint ? kJoint : kContainers, obstacle.tar);
      EXPECT_EQ(decompress(layer.blob), obstacle.tar) << obstacle.note;
      if (!joint && !obstacle.containers) {
        EXPECT_TRUE(layer.notes.empty()) << obstacle.note;
        round_trip(layer);
        continue;
      }
      ASSERT_EQ(layer.notes.size(), 1U) << obstacle.note;
      EXPECT_NE(layer.notes[0].find(obstacle.note), std::string::npos) << layer.notes[0];
      EXPECT_TRUE(layer.result.annotations.empty());
      EXPECT_TRUE(layer.result.twin_annotations.empty());
      EXPECT_TRUE(layer.result.diff_id.empty());
      EXPECT_EQ(layer.open()->summary().format, "tar+zstd");
      round_trip(layer);
    }
  }
}

TEST(ContainersEncoder, impossible_trees_are_refused) {
  for (const std::string& tar :
       {TarBuilder().hardlink("l", "nothing").end().text(),
        TarBuilder().hardlink("a", "b").hardlink("b", "a").end().text(), TarBuilder().file("../x").end().text(),
        TarBuilder().symlink("s", "/").file("s/x").end().text()}) {
    EXPECT_THROW(encode_layer("zstdchunked", kContainers, tar), FormatError);
    EXPECT_THROW(encode_layer("zstdchunked", kJoint, tar), FormatError);
  }
}

TEST(ContainersEncoder, sparse_files_are_expanded_in_a_second_attempt) {
  const std::string map = "2\n0\n5\n1048576\n5\n";
  const std::string tar = TarBuilder()
                              .pax({{"comment", "global"}}, 'g')
                              .file("before", "b")
                              .pax({{"GNU.sparse.major", "1"},
                                    {"GNU.sparse.minor", "0"},
                                    {"GNU.sparse.name", "sparse"},
                                    {"GNU.sparse.realsize", "1048581"}})
                              .file("GNUSparseFile.1/sparse", map + std::string(512 - map.size(), '\0') + "aaaaabbbbb")
                              .file("after", "c")
                              .end()
                              .text();
  const EncodedLayer layer = encode_layer("zstdchunked", kJoint, tar);
  EXPECT_TRUE(layer.restarted);
  EXPECT_TRUE(layer.notes.empty());
  EXPECT_EQ(layer.result.diff_id, hash::sha256(as_bytes(decompress(layer.blob))));
  EXPECT_NE(layer.result.diff_id, layer.source_diff_id);
  const auto listing = round_trip(layer);
  EXPECT_EQ(listing.digest("sparse"),
            hash::sha256(as_bytes("aaaaa" + std::string(1048571, '\0') + "bbbbb")).to_string());
  EXPECT_EQ(layer.open()->summary().format, "zstd:chunked (joint)");
}

TEST(ContainersEncoder, an_empty_stream_begins_with_a_frame) {
  for (const OptionValues& options : {kContainers, kJoint}) {
    const EncodedLayer layer = encode_layer("zstdchunked", options, "");
    EXPECT_EQ(hex_encode(ByteView(layer.blob).first(4)), "28b52ffd");
    EXPECT_EQ(decompress(layer.blob), "");
    EXPECT_TRUE(round_trip(layer).order.empty());
    EXPECT_EQ(toc_of(layer).entries.size(), 0U);
  }
}

}  // namespace
}  // namespace accel::formats::zstdchunked
