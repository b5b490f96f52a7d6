#include "accel/formats/toc_reader.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "formats/repack.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats {
namespace {

using accel::testing::TarBuilder;
using testing::ChangeToc;
using testing::encode_layer;
using testing::EncodedLayer;
using testing::random_bytes;
using testing::repack_estargz;
using testing::repack_zstd;
using testing::verify_error;

const std::string kTar = TarBuilder()
                             .directory("d")
                             .pax({{"mtime", "100.25"}, {"SCHILY.xattr.user.a", "1"}})
                             .entry({.name = "d/f", .uid = 5, .gid = 6}, random_bytes(300000, 1))
                             .file("e")
                             .symlink("s", "d/f")
                             .hardlink("h", "d/f")
                             .device("c", '3', 1, 3)
                             .file("g", "content")
                             .end()
                             .text();

/// Each entry changes one fact; `find` looks entries up by name.
struct Lie {
  const char* what;
  void (*tell)(jtoc::Toc& toc);
};

jtoc::Entry& find(jtoc::Toc& toc, std::string_view name) {
  for (jtoc::Entry& entry : toc.entries) {
    if (entry.name == name) return entry;
  }
  throw FormatError("no entry " + std::string(name));
}

std::size_t index_of(jtoc::Toc& toc, std::string_view name) {
  return static_cast<std::size_t>(&find(toc, name) - toc.entries.data());
}

const hash::Digest kOther = hash::sha256(as_bytes("other"));

const Lie kLies[] = {
    {"name", [](jtoc::Toc& toc) { find(toc, "e").name = "x"; }},
    {"type", [](jtoc::Toc& toc) { find(toc, "s").kind = jtoc::EntryKind::fifo; }},
    {"mode", [](jtoc::Toc& toc) { find(toc, "d").mode ^= 01000U; }},
    {"uid", [](jtoc::Toc& toc) { find(toc, "d/f").uid = 0; }},
    {"gid", [](jtoc::Toc& toc) { find(toc, "d/f").gid = 0; }},
    {"time", [](jtoc::Toc& toc) { find(toc, "d/f").modtime->seconds += 1; }},
    {"link target", [](jtoc::Toc& toc) { find(toc, "s").link_name = "d/g"; }},
    {"hardlink target", [](jtoc::Toc& toc) { find(toc, "h").link_name = "g"; }},
    {"device", [](jtoc::Toc& toc) { find(toc, "c").device_minor = 4; }},
    {"xattr value", [](jtoc::Toc& toc) { find(toc, "d/f").xattrs[0].second = "2"; }},
    {"xattr missing", [](jtoc::Toc& toc) { find(toc, "d/f").xattrs.clear(); }},
    {"xattr more",
     [](jtoc::Toc& toc) {
       find(toc, "e").xattrs = {{"user.b", ""}};
     }},
    {"user name", [](jtoc::Toc& toc) { find(toc, "e").user_name = "root"; }},
    {"file digest", [](jtoc::Toc& toc) { find(toc, "d/f").digest = kOther; }},
    {"digest of a file in one piece", [](jtoc::Toc& toc) { find(toc, "g").digest = kOther; }},
    {"digest of an empty file", [](jtoc::Toc& toc) { find(toc, "e").digest = kOther; }},
    {"entry missing",
     [](jtoc::Toc& toc) { toc.entries.erase(toc.entries.begin() + 1 + static_cast<long>(index_of(toc, "h"))); }},
    {"last entry missing", [](jtoc::Toc& toc) { toc.entries.pop_back(); }},
    {"entry more", [](jtoc::Toc& toc) { toc.entries.emplace_back().name = "more"; }},
    {"order", [](jtoc::Toc& toc) { std::swap(find(toc, "h"), find(toc, "c")); }},
    {"size", [](jtoc::Toc& toc) { find(toc, "g").size += 1; }},
    {"offset", [](jtoc::Toc& toc) { find(toc, "g").offset -= 1; }},
    {"unsafe name", [](jtoc::Toc& toc) { find(toc, "d").name = "./d/../d"; }},
};

TEST(TocReader, every_lie_about_an_entry_is_found) {
  const EncodedLayer estargz = encode_layer("estargz", {{"chunk_size", "100000"}}, kTar);
  const EncodedLayer stargz = encode_layer("zstdchunked", {{"chunk_size", "100000"}}, kTar);
  const EncodedLayer containers = encode_layer("zstdchunked", {{"dialect", "containers"}}, kTar);
  const EncodedLayer joint = encode_layer("zstdchunked", {{"dialect", "joint"}}, kTar);
  const ChangeToc nothing = [](jtoc::Toc&) {};
  EXPECT_EQ(verify_error(repack_estargz(estargz, nothing)), "");
  for (const EncodedLayer* layer : {&stargz, &containers, &joint}) {
    EXPECT_EQ(verify_error(repack_zstd(*layer, nothing)), "");
  }
  for (const Lie& lie : kLies) {
    EXPECT_NE(verify_error(repack_estargz(estargz, lie.tell)), "") << lie.what;
    for (const EncodedLayer* layer : {&stargz, &containers, &joint}) {
      EXPECT_NE(verify_error(repack_zstd(*layer, lie.tell)), "") << lie.what;
    }
  }
}

TEST(TocReader, every_lie_about_a_chunk_is_found) {
  const Lie lies[] = {
      {"chunk digest", [](jtoc::Toc& toc) { toc.entries[index_of(toc, "d/f") + 1].chunk_digest = kOther; }},
      {"first chunk's digest", [](jtoc::Toc& toc) { find(toc, "d/f").chunk_digest = kOther; }},
      {"chunk boundary",
       [](jtoc::Toc& toc) {
         const std::size_t file = index_of(toc, "d/f");
         toc.entries[file].chunk_size += 1;
         toc.entries[file + 1].chunk_offset += 1;
         if (toc.entries[file + 1].chunk_size > 0) toc.entries[file + 1].chunk_size -= 1;
       }},
      {"chunk offset", [](jtoc::Toc& toc) { toc.entries[index_of(toc, "d/f") + 1].offset += 1; }},
      {"chunks swapped",
       [](jtoc::Toc& toc) {
         const std::size_t file = index_of(toc, "d/f");
         std::swap(toc.entries[file].offset, toc.entries[file + 1].offset);
       }},
      {"digests missing",
       [](jtoc::Toc& toc) {
         toc.entries[index_of(toc, "d/f") + 1].chunk_digest = {};
         find(toc, "d/f").digest = {};
       }},
  };
  for (const Lie& lie : lies) {
    EXPECT_NE(verify_error(repack_estargz(encode_layer("estargz", {{"chunk_size", "100000"}}, kTar), lie.tell)), "")
        << lie.what;
    for (const char* dialect : {"containers", "joint"}) {
      EXPECT_NE(verify_error(repack_zstd(encode_layer("zstdchunked", {{"dialect", dialect}}, kTar), lie.tell)), "")
          << lie.what << " " << dialect;
    }
  }
}

TEST(TocReader, times_of_the_c_dialect_are_exact_and_others_rounded) {
  const ChangeToc nanosecond = [](jtoc::Toc& toc) { find(toc, "d/f").modtime->nanoseconds += 1; };
  const EncodedLayer containers = encode_layer("zstdchunked", {{"dialect", "containers"}}, kTar);
  EXPECT_NE(verify_error(repack_zstd(containers, nanosecond)).find("modification time"), std::string::npos);
  const ChangeToc unset = [](jtoc::Toc& toc) { find(toc, "d").modtime.reset(); };  // stands for Unix 0
  EXPECT_EQ(verify_error(repack_zstd(containers, unset)), "");
  const ChangeToc access = [](jtoc::Toc& toc) { find(toc, "d").accesstime = tar::Time{1, 0}; };
  EXPECT_NE(verify_error(repack_zstd(containers, access)).find("access time"), std::string::npos);
}

TEST(TocReader, ends_of_files_and_holes_are_checked) {
  const std::string tar = TarBuilder().file("f", "data" + std::string(5000, '\0') + "x").file("g", "more").end().text();
  for (const char* dialect : {"containers", "joint"}) {
    const EncodedLayer layer = encode_layer("zstdchunked", {{"dialect", dialect}}, tar);
    EXPECT_NE(verify_error(repack_zstd(layer, [](jtoc::Toc& toc) { find(toc, "g").end_offset += 1; })), "");
    EXPECT_NE(verify_error(repack_zstd(layer, [](jtoc::Toc& toc) { find(toc, "f").zeros = true; })).find("not zero"),
              std::string::npos);
  }
}

TEST(TocReader, tar_split_data_must_be_those_of_the_toc) {
  const EncodedLayer layer = encode_layer("zstdchunked", {{"dialect", "containers"}}, kTar);
  EXPECT_NE(verify_error(repack_zstd(layer, [](jtoc::Toc& toc) { toc.tar_split_digest = kOther; })).find("tar-split"),
            std::string::npos);
  // Without the digest clients ignore the data; so do we.
  EXPECT_EQ(verify_error(repack_zstd(layer, [](jtoc::Toc& toc) { toc.tar_split_digest = {}; })), "");
}

TEST(TocReader, entries_behind_the_toc_are_refused) {
  // The TOC member's tar goes on behind the TOC: the stream would have a file that no TOC lists.
  EncodedLayer layer = encode_layer("estargz", {}, kTar);
  const auto footer = estargz::find_footer(ByteView(layer.blob).last(estargz::kFooterSize), layer.blob.size());
  std::string tar = testing::decompress(ByteView(layer.blob).subspan(static_cast<std::size_t>(footer->toc_offset)));
  tar.replace(tar.size() - 1024, 1024, TarBuilder().file("hidden", "x").end().text());
  Buffer blob;
  blob.append(testing::part(layer.blob, 0, footer->toc_offset));
  codec::make_gzip_encoder(6)->encode(as_bytes(tar), blob);
  blob.append(estargz::encode_footer({footer->toc_offset}));
  layer.blob = to_bytes(blob.view());
  layer.result.diff_id = {};
  layer.source_diff_id = {};
  layer.result.annotations.erase(std::string(estargz::kUncompressedSizeAnnotation));
  EXPECT_NE(verify_error(layer).find("an entry follows the TOC"), std::string::npos) << verify_error(layer);
}

TEST(TocReader, limits_on_the_toc_hold) {
  const EncodedLayer layer = encode_layer("estargz", {}, kTar);
  OpenOptions options;
  options.max_toc_entries = 3;
  EXPECT_THROW(open_layer(layer.descriptor(), layer.source(), options)->summary(), FormatError);
  options = {};
  options.max_toc_bytes = 100;
  EXPECT_THROW(open_layer(layer.descriptor(), layer.source(), options)->summary(), FormatError);
  options = {};
  options.decode_limits.max_bytes = 1000;
  testing::Listing listing;
  EXPECT_THROW(open_layer(layer.descriptor(), layer.source(), options)->verify(listing, {}, {}), FormatError);
}

}  // namespace
}  // namespace accel::formats
