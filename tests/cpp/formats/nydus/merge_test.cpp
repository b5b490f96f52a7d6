#include "accel/formats/nydus/merge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/hash/hasher.hpp"
#include "formats/nydus/sample_rafs.hpp"

namespace accel::formats::nydus {
namespace {

using testing::listing;
using testing::RafsBuilder;
using Lines = std::vector<std::string>;

constexpr std::uint32_t kNative = feature::kCapTarToc | feature::kAligned | feature::kInlinedFsMeta;
constexpr std::uint32_t kReference = feature::kCapTarToc | feature::kAligned | feature::kSeparate;

hash::Digest digest_of(char letter) {
  const Bytes raw(32, static_cast<std::byte>(letter == 'a' ? 0xAA : letter == 'b' ? 0xBB : 0xCC));
  return {hash::Algorithm::sha256, raw};
}

/// A layer whose own blob becomes "aaa…", "bbb…" or "ccc…".
MergeLayer layer(RafsBuilder builder, char letter = 'a') {
  return {.rafs = std::move(builder.rafs), .blob = digest_of(letter), .blob_size = 1000};
}

RafsBuilder native() {
  RafsBuilder builder;
  builder.blob(kOwnBlobId, kNative);
  return builder;
}

template <class... Layers>
Rafs merged(Layers... layers) {
  std::vector<MergeLayer> all;
  (all.push_back(std::move(layers)), ...);
  return merge(std::move(all), nullptr, {});
}

TEST(Merge, upper_names_come_over_lower_ones) {
  const Rafs image =
      merged(layer(native().root(0755).directory("/etc", 0700, 1).file("/etc/a", "a").file("/etc/b", "b")),
             layer(native().root(0711, 7).directory("/etc", 0750, 2).file("/etc/b", "B", 0600), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d711 7", "/etc d750 2", "/etc/a f644 0 a:0", "/etc/b f600 0 b:0"}));
}

TEST(Merge, whiteouts_remove_what_is_below_and_disappear) {
  const Rafs image =
      merged(layer(native().root(0755).file("/a", "a").directory("/d").file("/d/x", "x").file("/keep")),
             layer(native().root(0755).file("/.wh.a").file("/.wh.d").file("/.wh.nothing").file("/new"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/keep f644 0", "/new f644 0"}));
}

TEST(Merge, a_whiteout_does_not_hide_its_own_layer) {
  const Rafs image = merged(layer(native().root(0755).directory("/d").file("/d/old", "o")),
                            layer(native().root(0755).file("/.wh.d").directory("/d", 0700).file("/d/new", "n"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/d d700 0", "/d/new f644 0 b:0"}));
}

TEST(Merge, an_opaque_directory_keeps_nothing_of_the_lower_one) {
  const Rafs image =
      merged(layer(native().root(0755).directory("/d").file("/d/old", "o").directory("/d/s").file("/d/s/x", "x")),
             layer(native().root(0755).directory("/d").file("/d/.wh..wh..opq").file("/d/new", "n"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/d d755 0", "/d/new f644 0 b:0"}));
}

TEST(Merge, an_opaque_root_empties_the_image) {
  const Rafs image = merged(layer(native().root(0755).file("/a", "a")),
                            layer(native().root(0755).file("/.wh..wh..opq").file("/b", "b"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/b f644 0 b:0"}));
}

TEST(Merge, markers_of_the_lowest_layer_disappear) {  // corrections.md 10
  const Rafs image =
      merged(layer(native().root(0755).file("/.wh.a").directory("/d").file("/d/.wh..wh..opq").file("/f")));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/d d755 0", "/f f644 0"}));
}

TEST(Merge, bookkeeping_of_aufs_disappears_with_all_below) {
  const Rafs image =
      merged(layer(native().root(0755).directory("/.wh..wh.plnk").file("/.wh..wh.plnk/1", "x").file("/f")));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/f f644 0"}));
  EXPECT_TRUE(image.blobs.empty());
}

TEST(Merge, implicit_directories_keep_the_attributes_below) {  // corrections.md 10
  const Rafs image = merged(layer(native().root(0750, 9).directory("/d", 0700, 33).xattrs("/d", {{"user.k", "v"}})),
                            layer(native().implicit("/d").file("/d/f").implicit("/e").file("/e/f"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d750 9", "/d d700 33 user.k=v", "/d/f f644 0", "/e d755 0", "/e/f f644 0"}));
}

TEST(Merge, a_deleted_directory_does_not_lend_its_attributes) {
  const Rafs image = merged(layer(native().root(0755).directory("/d", 0700, 33)),
                            layer(native().file("/.wh.d").implicit("/d").file("/d/f"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/d d755 0", "/d/f f644 0"}));
}

TEST(Merge, files_and_directories_replace_each_other) {
  const Rafs image = merged(layer(native().root(0755).directory("/d").file("/d/x", "x").file("/f", "f")),
                            layer(native().root(0755).file("/d", "D").implicit("/f").file("/f/y", "y"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/d f644 0 b:0", "/f d755 0", "/f/y f644 0 b:1"}));
}

TEST(Merge, hardlinks_hold_as_far_as_their_names_survive) {  // rafs-v6.md 17.4
  const Rafs image = merged(layer(native().root(0755).file("/a", "x").link("/b", "/a").link("/c", "/a")),
                            layer(native().root(0755).file("/.wh.a").file("/b", "new").link("/d", "/b"), 'b'));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/b f644 0 b:0", "/c f644 0 a:0", "/d = /b"}));
}

TEST(Merge, symlinks_devices_and_attributes_are_carried_over) {
  RafsBuilder builder = native().root(0755).symlink("/l", "target/of").device("/n", tar::EntryType::character, 0x501);
  builder.at("/n").mtime = 5;
  builder.at("/n").mtime_nanoseconds = 6;
  builder.xattrs("/l", {{"trusted.t", "1"}});
  const Rafs image = merged(layer(std::move(builder)));
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/l l777 0 -> target/of trusted.t=1", "/n c600 0"}));
  const Inode& device = image.tree.inode(image.tree.find("/n"));
  EXPECT_EQ(device.device, 0x501U);
  EXPECT_EQ(device.mtime, 5);
  EXPECT_EQ(device.mtime_nanoseconds, 6U);
}

TEST(Merge, blobs_stand_in_the_order_of_first_use_and_unused_ones_are_dropped) {  // rafs-v6.md 17.4
  const Rafs image =
      merged(layer(native().root(0755).file("/z", "z")), layer(native().root(0755).file("/gone", "g"), 'b'),
             layer(native().root(0755).file("/.wh.gone").file("/a", "a"), 'c'));
  ASSERT_EQ(image.blobs.size(), 2U);
  EXPECT_EQ(image.blobs[0].id, std::string(64, 'c'));
  EXPECT_EQ(image.blobs[1].id, std::string(64, 'a'));
  EXPECT_EQ(image.chunks.size(), 2U);
  EXPECT_EQ(image.blobs[0].features, kNative & ~feature::kInlinedFsMeta);
  EXPECT_EQ(image.blobs[0].compressed_size, 4096U + 16 + 4096);  // native: what the layer's bootstrap says
  EXPECT_EQ(image.blobs[0].meta_size, 0U);
}

TEST(Merge, a_reference_blob_keeps_its_id_and_learns_where_its_meta_is) {  // nydus-blob.md 16.1
  RafsBuilder builder;
  builder.blob(std::string(64, '9'), kReference).root(0755).file("/a", "a");
  MergeLayer reference = layer(std::move(builder));
  reference.toc_size = 640;
  reference.toc_digest.fill(std::byte{7});
  const Rafs image = merged(std::move(reference));
  ASSERT_EQ(image.blobs.size(), 1U);
  EXPECT_EQ(image.blobs[0].id, std::string(64, '9'));
  EXPECT_EQ(hex_encode(image.blobs[0].meta_digest), std::string(64, 'a'));
  EXPECT_EQ(image.blobs[0].meta_size, 1000U);
  EXPECT_EQ(image.blobs[0].toc_size, 640U);
  EXPECT_EQ(image.blobs[0].toc_digest[31], std::byte{7});
}

TEST(Merge, a_layer_that_an_image_has_twice_is_one_blob) {
  const Rafs image =
      merged(layer(native().root(0755).file("/a", "a").file("/b", "b")), layer(native().root(0755).file("/.wh.a"), 'b'),
             layer(native().root(0755).file("/a", "a").file("/b", "b")));
  EXPECT_EQ(image.blobs.size(), 1U);
  EXPECT_EQ(image.chunks.size(), 2U);
  EXPECT_EQ(listing(image), (Lines{"/ d755 0", "/a f644 0 a:0", "/b f644 0 a:1"}));
}

TEST(Merge, blobs_of_the_dictionary_are_shared_by_layers) {
  RafsBuilder image;
  image.blob(std::string(64, 'd')).file("/1", "1").file("/2", "2");
  const ChunkDict dictionary(std::move(image.rafs));
  const auto with_dictionary = [](const char* path, char content) {
    RafsBuilder builder;
    builder.blob(std::string(64, 'd')).root(0755).file("/1", "1").file("/2", "2").blob(kOwnBlobId, kNative);
    builder.file(path, std::string(1, content));
    builder.rafs.tree.remove(builder.name(content == 'x' ? "/1" : "/2"));
    return builder;
  };
  std::vector<MergeLayer> layers;
  layers.push_back(layer(with_dictionary("/x", 'x')));
  layers.push_back(layer(with_dictionary("/y", 'y'), 'b'));
  const Rafs result = merge(std::move(layers), &dictionary, {});
  EXPECT_EQ(listing(result), (Lines{"/ d755 0", "/1 f644 0 d:0", "/2 f644 0 d:1", "/x f644 0 a:0", "/y f644 0 b:0"}));
  EXPECT_EQ(result.blobs.size(), 3U);
  EXPECT_EQ(result.chunks.size(), 4U);
}

TEST(Merge, several_own_blobs_in_a_layer_are_refused) {
  RafsBuilder builder = native();
  builder.file("/a", "a").blob(std::string(64, 'd')).file("/b", "b");
  EXPECT_THROW(merged(layer(std::move(builder))), FormatError);
}

TEST(Merge, layers_that_describe_a_shared_chunk_differently_are_refused) {
  RafsBuilder second = native().root(0755).file("/b", "b");
  second.rafs.chunks[0].compressed_offset = 512;
  EXPECT_THROW(merged(layer(native().root(0755).file("/a", "b")), layer(std::move(second))), FormatError);
}

TEST(Merge, layers_that_describe_a_shared_blob_differently_are_refused) {
  RafsBuilder second = native().root(0755).file("/b", "b").file("/c", "c");
  EXPECT_THROW(merged(layer(native().root(0755).file("/a", "b")), layer(std::move(second))), FormatError);
}

TEST(Merge, layers_with_other_parameters_are_refused) {
  const auto expect_refused = [](const std::function<void(Rafs&)>& change, FsVersion version = FsVersion::v6) {
    RafsBuilder lower(version);
    RafsBuilder upper(version);
    change(upper.rafs);
    EXPECT_THROW(merged(layer(std::move(lower)), layer(std::move(upper))), FormatError);
  };
  expect_refused([](Rafs& rafs) { rafs.version = FsVersion::v5; });
  expect_refused([](Rafs& rafs) { rafs.chunk_size = 8192; });
  expect_refused([](Rafs& rafs) { rafs.digester = Digester::blake3; });
  expect_refused([](Rafs& rafs) { rafs.explicit_ids = false; });
  expect_refused([](Rafs& rafs) { rafs.compressor = Compressor::gzip; }, FsVersion::v5);
  EXPECT_THROW(merge({}, nullptr, {}), FormatError);
}

TEST(Merge, a_v6_image_takes_the_compressor_of_its_last_layer) {
  RafsBuilder upper = native();
  upper.rafs.compressor = Compressor::gzip;
  EXPECT_EQ(merged(layer(native()), layer(std::move(upper))).compressor, Compressor::gzip);
}

TEST(Merge, prefetch_patterns_are_kept_as_far_as_they_name_something) {
  std::vector<MergeLayer> layers;
  layers.push_back(layer(native().root(0755).directory("/etc").file("/etc/a").directory("/usr")));
  const Rafs image = merge(std::move(layers), nullptr, {"/usr/", "/none", "/etc/a", "/etc", "/usr/bin", "etc"});
  EXPECT_EQ(image.prefetch, (std::vector<std::string>{"/usr", "/etc/a", "/etc"}));
}

TEST(Merge, deep_and_wide_layers_take_no_recursion) {
  RafsBuilder deep = native().root(0755);
  Tree::Name at = Tree::kRoot;
  for (int i = 0; i < 200'000; ++i) at = deep.rafs.tree.add(at, "d", deep.rafs.tree.add_inode({}));
  const Rafs image = merged(layer(std::move(deep)), layer(native().root(0700), 'b'));
  EXPECT_EQ(image.tree.size(), 200'001U);
}

TEST(Merge, layers_remember_implicit_directories_in_their_bootstraps_and_images_do_not) {  // corrections.md 10
  for (const FsVersion version : {FsVersion::v5, FsVersion::v6}) {
    RafsBuilder lower(version);
    RafsBuilder upper(version);
    lower.root(0750, 9).directory("/d", 0700, 33);
    upper.implicit("/d").file("/d/f").implicit("/e");
    const Rafs stored = read_bootstrap(write_bootstrap(upper.rafs).view());
    EXPECT_EQ(listing(stored), (Lines{"/ d755 0 implicit", "/d d755 0 implicit", "/d/f f644 0", "/e d755 0 implicit"}));
    const Rafs image = merged(layer(std::move(lower)), MergeLayer{.rafs = stored, .blob = digest_of('b')});
    EXPECT_EQ(listing(read_bootstrap(write_bootstrap(image).view())),
              (Lines{"/ d750 9", "/d d700 33", "/d/f f644 0", "/e d755 0"}));
  }
}

TEST(Merge, a_directory_of_200_000_entries_is_merged_written_and_read) {
  RafsBuilder lower = native().root(0755).directory("/d");
  RafsBuilder upper = native().root(0755).directory("/d");
  for (int i = 0; i < 100'000; ++i) {
    lower.file("/d/name-" + std::to_string(i));
    upper.file("/d/" + std::string(i % 10 == 0 ? ".wh." : "other-") + "name-" + std::to_string(i));
  }
  const Rafs image =
      read_bootstrap(write_bootstrap(merged(layer(std::move(lower)), layer(std::move(upper), 'b'))).view());
  EXPECT_EQ(image.tree.children(image.tree.find("/d")).size(), 180'000U);
  EXPECT_EQ(image.tree.find("/d/name-10"), Tree::kNone);
  EXPECT_NE(image.tree.find("/d/name-11"), Tree::kNone);
}

TEST(Merge, result_of_either_version_can_be_written_and_read) {
  for (const FsVersion version : {FsVersion::v5, FsVersion::v6}) {
    RafsBuilder lower(version);
    RafsBuilder upper(version);
    lower.blob(kOwnBlobId, kNative).root(0755).directory("/d", 0700, 3).file("/d/a", "a").link("/d/b", "/d/a");
    upper.blob(kOwnBlobId, kNative).implicit("/d").file("/d/c", std::string(5000, 'c')).file("/d/.wh.b");
    const Rafs image = merged(layer(std::move(lower)), layer(std::move(upper), 'b'));
    EXPECT_EQ(listing(read_bootstrap(write_bootstrap(image).view())), listing(image));
    EXPECT_EQ(image.has_xattrs, version == FsVersion::v6);
  }
}

}  // namespace
}  // namespace accel::formats::nydus
