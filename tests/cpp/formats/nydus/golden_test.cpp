/// Our writers give the bytes of the specifications' worked examples, and our readers read them. Their origin:
/// tests/golden/nydus/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/io/memory.hpp"
#include "formats/nydus/native_layer.hpp"
#include "formats/nydus/worked_examples.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::kHelloDigest;
using accel::testing::read_golden;
using formats::testing::Listing;
using testing::NativeLayer;

/// Equal but for where they differ first, which is what one wants to know.
void expect_bytes(ByteView actual, ByteView expected) {
  ASSERT_EQ(actual.size(), expected.size());
  const auto differs = std::ranges::mismatch(actual, expected);
  EXPECT_EQ(differs.in1 - actual.begin(), static_cast<std::ptrdiff_t>(actual.size()));
}

NativeLayer encode_example(FsVersion version, std::size_t threads) {
  NativeSettings settings = testing::plain_settings();
  settings.version = version;
  formats::testing::EncodeOptions options;
  options.threads = threads;
  return testing::encode_native(settings, to_string(read_golden("example.tar")), options);
}

TEST(NydusGolden, encoder_makes_the_layer_of_v6) {
  for (const std::size_t threads : {1U, 2U, 7U}) {
    const NativeLayer layer = encode_example(FsVersion::v6, threads);
    const Bytes front = read_golden("v6.layer");
    ASSERT_GT(layer.blob.size(), front.size());
    expect_bytes(ByteView(layer.blob).first(front.size()), front);
    expect_bytes(layer.part().bootstrap.view(), read_golden("v6.layer.boot"));
  }
}

TEST(NydusGolden, encoder_makes_the_layer_of_v5) {
  for (const std::size_t threads : {1U, 2U, 7U}) {
    expect_bytes(encode_example(FsVersion::v5, threads).blob, read_golden("v5.layer"));
  }
}

TEST(NydusGolden, bootstraps_that_are_read_are_written_alike) {
  for (const char* const name : {"v5.boot", "v6.boot", "v6.layer.boot"}) {
    SCOPED_TRACE(name);
    const Bytes golden = read_golden(name);
    expect_bytes(write_bootstrap(read_bootstrap(golden)).view(), golden);
  }
}

TEST(NydusGolden, blob_of_v6_has_the_chunk_that_its_bootstrap_names) {
  const Bytes blob = read_golden("v6.blob");
  const Rafs rafs = read_bootstrap(read_golden("v6.boot"));
  ASSERT_EQ(rafs.blobs.size(), 1U);
  EXPECT_EQ(rafs.blobs[0].id, hash::sha256(blob).hex());
  io::MemorySource source(blob);
  const BlobMeta meta = BlobMeta::read(rafs.blobs[0], source, {});
  ASSERT_EQ(meta.chunk_count(), 1U);
  const ChunkPlace place = meta.place(0);
  EXPECT_EQ(place.unit, ChunkPlace::Unit::own);
  const auto content = ByteView(blob).subspan(static_cast<std::size_t>(place.compressed_offset), place.compressed_size);
  EXPECT_EQ(as_text(content), "hello world\n");
}

TEST(NydusGolden, layer_of_v5_is_verified_and_read) {
  const Bytes blob = read_golden("v5.layer");
  oci::Descriptor layer;
  layer.media_type = kBlobMediaType;
  layer.digest = hash::sha256(blob);
  layer.size = blob.size();
  const auto reader = open_reader(layer, std::make_shared<io::MemorySource>(Bytes(blob)), {});
  const Listing listing = formats::testing::verify(*reader, layer.digest);
  EXPECT_EQ(listing.order, (std::vector<std::string>{"", "etc", "etc/hello.txt", "link"}));
  EXPECT_EQ(listing.digest("etc/hello.txt"), "sha256:" + std::string(kHelloDigest));
  EXPECT_EQ(listing.at("etc/hello.txt").mode, 0644);
  EXPECT_EQ(listing.at("link").link_name, "etc/hello.txt");
  Bytes out(100);
  out.resize(reader->read_file("etc/hello.txt", 6, out));
  EXPECT_EQ(as_text(out), "world\n");
}

}  // namespace
}  // namespace accel::formats::nydus
