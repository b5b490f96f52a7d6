/// What every format must do, whatever its options. A new format is tested by standing in all_formats().
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "formats/conformance.hpp"

namespace accel::formats {
namespace {

using testing::as_tree;
using testing::edge_layers;
using testing::encode_layer;
using testing::EncodedLayer;
using testing::EncodeOptions;
using testing::Listing;
using testing::mixed_layer;
using testing::NamedLayer;
using testing::Variant;
using testing::variants;

/// The layer as an ordinary tar.
Listing plain(const std::string& tar) {
  oci::Descriptor layer;
  layer.media_type = oci::kOciLayer;
  return testing::verify(*open_layer(layer, std::make_shared<io::MemorySource>(to_bytes(as_bytes(tar)))));
}

/// Compares what a reader reports with the source layer.
void expect_same_files(const Variant& variant, const Listing& actual_files, const Listing& expected_files,
                       const std::string& what) {
  const bool exactly = testing::is_tar_stream(variant);
  const Listing actual = exactly ? actual_files : as_tree(actual_files);
  const Listing expected = exactly ? expected_files : as_tree(expected_files);
  ASSERT_EQ(actual.entries.size(), expected.entries.size()) << what;
  for (const auto& [path, wanted] : expected.entries) {
    ASSERT_TRUE(actual.entries.contains(path)) << what << ": " << path;
    const auto& [entry, digest] = actual.entries.at(path);
    EXPECT_EQ(digest, wanted.second) << what << ": " << path;
    EXPECT_EQ(entry.name, wanted.first.name) << what << ": " << path;
    EXPECT_EQ(entry.type, wanted.first.type) << what << ": " << path;
    EXPECT_EQ(entry.mode, wanted.first.mode) << what << ": " << path;
    EXPECT_EQ(entry.size, wanted.first.size) << what << ": " << path;
    EXPECT_EQ(entry.link_name, wanted.first.link_name) << what << ": " << path;
    EXPECT_EQ(entry.xattrs, wanted.first.xattrs) << what << ": " << path;
    EXPECT_EQ(entry.device_minor, wanted.first.device_minor) << what << ": " << path;
  }
}

TEST(Conformance, layers_survive_the_round_trip) {
  const std::string tar = mixed_layer();
  const Listing expected = plain(tar);
  for (const Variant& variant : variants()) {
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    EXPECT_FALSE(layer.restarted) << variant.name();
    expect_same_files(variant, testing::verify(*layer.open(), layer.diff_id()), expected, variant.name());
    Listing listed = testing::list(*layer.open());
    // The metadata of nydus knows the digests of chunks, but not of files.
    if (variant.driver == "nydus") {
      const Listing tree = as_tree(expected);
      for (auto& [path, file] : listed.entries) file.second = tree.entries.at(path).second;
    }
    expect_same_files(variant, listed, expected, variant.name() + " (list)");
    const Listing verified = testing::verify(*layer.open(), layer.diff_id());
    for (const auto& [path, wanted] : expected.entries) {
      EXPECT_EQ(verified.at(path).mtime, wanted.first.mtime) << variant.name() << ": " << path;
    }
  }
}

TEST(Conformance, any_decompressor_reads_the_layer) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    if (!testing::is_tar_stream(variant)) continue;
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    const std::string stream = testing::decompress(layer.blob);
    EXPECT_EQ(hash::sha256(as_bytes(stream)), layer.diff_id()) << variant.name();
    EXPECT_EQ(stream.size(), layer.result.uncompressed_size) << variant.name();
    EXPECT_EQ(stream == tar, testing::keeps_stream(variant)) << variant.name();
    expect_same_files(variant, plain(stream), plain(tar), variant.name());
  }
}

TEST(Conformance, edge_layers_survive_the_round_trip) {
  for (const NamedLayer& layer : edge_layers()) {
    const Listing expected = plain(layer.tar);
    for (const Variant& variant : variants()) {
      const std::string what = variant.name() + ": " + layer.name;
      const EncodedLayer encoded = encode_layer(variant.driver, variant.options, layer.tar);
      expect_same_files(variant, testing::verify(*encoded.open(), encoded.diff_id()), expected, what);
    }
  }
}

TEST(Conformance, bytes_depend_on_input_and_options_only) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    if (!testing::is_repeatable(variant)) continue;
    const EncodedLayer first = encode_layer(variant.driver, variant.options, tar, {.threads = 1});
    const std::vector<EncodeOptions> others = {
        {.threads = 2},
        {.threads = 7},
        {.threads = 2, .budget = 1},
        {.threads = 7, .budget = 100000, .max_read = 777, .max_piece = 1},
        {.threads = 3, .max_read = 1000000, .max_piece = 65537},
    };
    for (const EncodeOptions& options : others) {
      const EncodedLayer again = encode_layer(variant.driver, variant.options, tar, options);
      EXPECT_EQ(again.blob, first.blob) << variant.name() << ", " << options.threads << " threads";
      EXPECT_EQ(again.result.side_blob, first.result.side_blob) << variant.name();
      EXPECT_EQ(again.result.annotations, first.result.annotations) << variant.name();
      EXPECT_EQ(again.diff_id(), first.diff_id()) << variant.name();
    }
  }
}

TEST(Conformance, a_staged_encoder_never_asks_for_another_attempt) {
  using accel::testing::TarBuilder;
  const std::string tar = TarBuilder().file("a", "1").file("a", "2").hardlink("l", "z").file("z", "3").end().text();
  for (const Variant& variant : variants()) {
    if (variant.options.contains("keep_diff_id")) continue;  // refuses such layers
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    const Listing listing = testing::verify(*layer.open(), layer.diff_id());
    EXPECT_EQ(listing.digest("a"), hash::sha256(as_bytes("2")).to_string()) << variant.name();
  }
}

TEST(Conformance, files_are_read_from_any_offset) {
  const std::string tar = mixed_layer();
  const std::string large =
      testing::random_bytes(300000, 1) + std::string(90000, '\0') + testing::random_bytes(200000, 2);
  for (const Variant& variant : variants()) {
    const auto reader = encode_layer(variant.driver, variant.options, tar).open();
    for (const std::string path : {"large", "dir/hard"}) {
      for (const std::size_t offset : {0UL, 1UL, 299999UL, 300000UL, 389999UL, 589999UL, 590000UL, 600000UL}) {
        for (const std::size_t size : {0UL, 1UL, 1000UL, 1000000UL}) {
          Bytes out(size);
          const std::size_t count = reader->read_file(path, offset, out);
          const std::string wanted = offset < large.size() ? large.substr(offset, size) : "";
          EXPECT_EQ(as_text(ByteView(out).first(count)), wanted) << variant.name() << " " << offset << " " << size;
        }
      }
    }
    Bytes out(10);
    EXPECT_EQ(reader->read_file("empty", 0, out), 0U);
    EXPECT_THROW(reader->read_file("dir", 0, out), FormatError);
    EXPECT_THROW(reader->read_file("link", 0, out), FormatError);
  }
}

TEST(Conformance, wrong_descriptors_are_noticed) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const EncodedLayer layer = encode_layer(variant.driver, variant.options, tar);
    const auto verify_with = [&](const oci::Descriptor& descriptor, const hash::Digest& diff_id) {
      testing::verify(*open_layer(descriptor, layer.source(), layer.open_options()), diff_id);
    };
    EXPECT_NO_THROW(verify_with(layer.descriptor(), layer.diff_id()));
    EXPECT_THROW(verify_with(layer.descriptor(), hash::sha256({})), DigestMismatch) << variant.name();
    oci::Descriptor other_digest = layer.descriptor();
    other_digest.digest = hash::sha256({});
    EXPECT_THROW(verify_with(other_digest, {}), DigestMismatch) << variant.name();
    for (const auto& [key, value] : layer.result.annotations) {
      oci::Descriptor changed = layer.descriptor();
      std::string& text = changed.annotations[key];
      text.back() = text.back() == '1' ? '2' : '1';
      // Readers need no hint of where the manifest is when the footer says it, nor that a blob is one of nydus.
      if (key == "io.containers.zstd-chunked.manifest-position" || variant.driver == "nydus") continue;
      EXPECT_THROW(verify_with(changed, {}), Error) << variant.name() << " " << key;
    }
  }
}

TEST(Conformance, summaries_name_the_format_and_count) {
  const std::string tar = mixed_layer();
  for (const Variant& variant : variants()) {
    const LayerSummary summary = encode_layer(variant.driver, variant.options, tar).open()->summary();
    EXPECT_TRUE(summary.format.starts_with("eStargz") || summary.format.starts_with("zstd:chunked (") ||
                summary.format.starts_with("Nydus"))
        << summary.format;
    EXPECT_GE(summary.entries, 52U) << variant.name();
    EXPECT_GE(summary.chunks, 42U) << variant.name();
    EXPECT_FALSE(summary.details.empty());
  }
}

}  // namespace
}  // namespace accel::formats
