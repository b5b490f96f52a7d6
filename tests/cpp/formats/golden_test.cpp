/// Layers that the reference writers made are read, verified and listed. Their origin: tests/golden/estargz/README.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/hashing.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats {
namespace {

using testing::Listing;

const std::filesystem::path kGolden = ACCEL_GOLDEN_DIR;

Bytes read_file(const std::filesystem::path& path) {
  io::FileStream stream(path);
  return io::read_all(stream, 1U << 20U);
}

struct Golden {
  Bytes blob;
  oci::Descriptor layer;
  hash::Digest diff_id;
  OpenOptions options;

  Golden(const std::string& folder, const std::string& name, std::string_view media_type) {
    const std::filesystem::path base = kGolden / folder / name;
    blob = read_file(base.string() + ".blob");
    layer.media_type = media_type;
    layer.digest = hash::sha256(blob);
    layer.size = blob.size();
    std::ifstream facts(base.string() + ".txt");
    for (std::string key, value; facts >> key >> value;) {
      if (key == "diff_id") {
        diff_id = hash::Digest::parse(value);
      } else {
        layer.annotations[key] = value;
      }
    }
    if (const std::filesystem::path toc = base.string() + ".toc"; std::filesystem::exists(toc)) {
      options.external_toc = [toc](const oci::Descriptor&) { return std::optional<Bytes>(read_file(toc)); };
    }
  }

  [[nodiscard]] std::unique_ptr<LayerReader> open() const {
    return open_layer(layer, std::make_shared<io::MemorySource>(Bytes(blob)), options);
  }
};

/// The entries of the tar all golden layers were made from.
Listing sample() {
  const Bytes tar = read_file(kGolden / "estargz" / "sample.tar");
  oci::Descriptor layer;
  layer.media_type = oci::kOciLayer;
  return testing::verify(*open_layer(layer, std::make_shared<io::MemorySource>(Bytes(tar))));
}

struct Case {
  const char* folder;
  const char* name;
  std::string_view media_type;
  const char* format;
};

const Case kCases[] = {
    {"estargz", "default", oci::kOciLayerGzip, "eStargz"},
    {"estargz", "chunked", oci::kOciLayerGzip, "eStargz"},
    {"estargz", "min_chunk", oci::kOciLayerGzip, "eStargz"},
    {"estargz", "prioritized", oci::kOciLayerGzip, "eStargz"},
    {"estargz", "external", oci::kOciLayerGzip, "eStargz (external TOC)"},
    {"zstdchunked", "stargz", oci::kOciLayerZstd, "zstd:chunked (stargz)"},
    {"zstdchunked", "containers", oci::kOciLayerZstd, "zstd:chunked (containers)"},
};

TEST(Golden, layers_of_the_reference_writers_are_verified) {
  const Listing expected = sample();
  ASSERT_EQ(expected.order.size(), 13U);
  for (const Case& c : kCases) {
    const Golden golden(c.folder, c.name, c.media_type);
    const auto reader = golden.open();
    EXPECT_EQ(reader->summary().format, c.format);
    const Listing listing = testing::verify(*reader, golden.diff_id);
    ASSERT_EQ(listing.order.size(), expected.order.size()) << c.name;
    for (const std::string& path : expected.order) {
      EXPECT_EQ(listing.digest(path), expected.digest(path)) << c.name << " " << path;
      EXPECT_EQ(listing.at(path).mode, expected.at(path).mode) << c.name << " " << path;
      EXPECT_EQ(listing.at(path).xattrs, expected.at(path).xattrs) << c.name << " " << path;
      EXPECT_EQ(listing.at(path).link_name, expected.at(path).link_name) << c.name << " " << path;
    }
  }
}

TEST(Golden, their_tocs_alone_list_the_same_files) {
  const Listing expected = sample();
  for (const Case& c : kCases) {
    const Listing listing = testing::list(*Golden(c.folder, c.name, c.media_type).open());
    ASSERT_EQ(listing.order.size(), expected.order.size()) << c.name;
    for (const std::string& path : expected.order) {
      EXPECT_EQ(listing.digest(path), expected.digest(path)) << c.name << " " << path;
      EXPECT_EQ(listing.at(path).size, expected.at(path).size) << c.name << " " << path;
      EXPECT_EQ(listing.at(path).type, expected.at(path).type) << c.name << " " << path;
    }
  }
}

TEST(Golden, single_files_are_read_by_chunks) {
  const Listing expected = sample();
  for (const Case& c : kCases) {
    const auto reader = Golden(c.folder, c.name, c.media_type).open();
    for (const std::string path : {"bin/tool", "hollow", "small", "hard", "empty"}) {
      Bytes content(100000);
      content.resize(reader->read_file(path, 0, content));
      const std::string original = path == "hard" ? "bin/tool" : path;
      EXPECT_EQ(hash::sha256(content).to_string(), expected.digest(original)) << c.name << " " << path;
      Bytes tail(2000);
      const std::size_t skipped = content.size() / 2 + 1;
      if (content.size() <= skipped) continue;
      tail.resize(reader->read_file(path, skipped, tail));
      EXPECT_TRUE(std::equal(tail.begin(), tail.end(), content.begin() + static_cast<std::ptrdiff_t>(skipped)));
    }
    EXPECT_THROW(reader->read_file("bin", 0, {}), FormatError);
    EXPECT_THROW(reader->read_file("nothing", 0, {}), FormatError);
  }
}

TEST(Golden, flipped_bytes_are_noticed) {
  for (const Case& c : kCases) {
    const Golden golden(c.folder, c.name, c.media_type);
    for (std::size_t at = 0; at < golden.blob.size(); at += 7) {
      Golden bad = golden;
      bad.blob[at] ^= std::byte{0x10};
      try {
        testing::verify(*bad.open(), bad.diff_id);
        ADD_FAILURE() << c.name << ": byte " << at;
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace accel::formats
