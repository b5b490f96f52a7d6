/// nydus-image unpacks what we write. Skipped where there is no nydus-image (scripts/peers builds it); its
/// release 2.2.0 knows neither batches nor encryption.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "formats/nydus/converted_image.hpp"
#include "support/peer_program.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using formats::testing::Listing;
using formats::testing::random_bytes;

std::string sample_tar() {
  TarBuilder builder;
  builder.directory("./").directory("dir/", 01777);
  for (int i = 0; i < 50; ++i) {
    builder.file("dir/file-" + std::to_string(i), random_bytes(static_cast<std::size_t>(i) * 211, 3));
  }
  builder.file("empty").file("large", random_bytes(1500000, 1) + std::string(900000, '\0')).hardlink("hard", "large");
  builder.file("copy", random_bytes(1500000, 1)).symlink("link", "dir/file-1").fifo("pipe");
  builder.pax({{"SCHILY.xattr.user.a", "x"}}).file("attributes", "content", 04755);
  return builder.end().text();
}

Listing tree_of(const std::string& tar) {
  oci::Descriptor layer;
  layer.media_type = oci::kOciLayer;
  const auto reader = open_layer(layer, std::make_shared<io::MemorySource>(to_bytes(as_bytes(tar))));
  return formats::testing::as_tree(formats::testing::verify(*reader));
}

void expect_same_tree(const Listing& actual, const Listing& expected) {
  ASSERT_EQ(actual.entries.size(), expected.entries.size());
  for (const auto& [path, wanted] : expected.entries) {
    ASSERT_TRUE(actual.entries.contains(path)) << path;
    const tar::Entry& entry = actual.at(path);
    EXPECT_EQ(actual.digest(path), expected.digest(path)) << path;
    EXPECT_EQ(entry.type, wanted.first.type) << path;
    EXPECT_EQ(entry.mode & 07777U, wanted.first.mode & 07777U) << path;
    EXPECT_EQ(entry.link_name, wanted.first.link_name) << path;
    EXPECT_EQ(entry.xattrs, wanted.first.xattrs) << path;
  }
}

struct Kind {
  const char* name;
  OptionValues options;
};

const Kind kKinds[] = {
    {"v6", {}},
    {"v6_none", {{"compressor", "none"}, {"digester", "sha256"}}},
    {"v6_lz4", {{"compressor", "lz4_block"}, {"compression_level", "9"}}},
    {"v6_gzip", {{"compressor", "gzip"}}},
    {"v6_small_chunks", {{"fs_chunk_size", "0x1000"}, {"compression_level", "19"}}},
    {"v5", {{"fs_version", "5"}}},
    {"v5_aligned", {{"fs_version", "5"}, {"fs_align_chunk", "true"}, {"compressor", "none"}}},
    {"v5_lz4", {{"fs_version", "5"}, {"compressor", "lz4_block"}, {"digester", "sha256"}}},
};

class NydusImageUnpack : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    program_ = accel::testing::peer_program("nydus-rs/bin/nydus-image");
    if (program_.empty()) GTEST_SKIP() << "no nydus-image";
  }
  void run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    ASSERT_EQ(accel::testing::run_program(arguments, directory_ / "log"), 0) << directory_.read("log");
  }

  accel::testing::TempDirectory directory_;
  std::string program_;
};

TEST_P(NydusImageUnpack, gives_the_files_of_the_source_layer) {
  const testing::Image image = testing::convert(*format_info().make(GetParam().options), {sample_tar()});
  const std::string tar = image.tar();
  io::MemoryStream stream(as_bytes(tar));
  const std::string bootstrap = directory_.write("image.boot", as_text(read_bootstrap_layer(stream).view()));
  const std::string blob = directory_.write(image.descriptors()[0].digest.hex(), as_text(image.layers[0].blob));
  run({"check", "--log-level", "error", "--bootstrap", bootstrap});
  const std::string unpacked = directory_ / "unpacked.tar";
  run({"unpack", "--log-level", "error", "--bootstrap", bootstrap, "--blob", blob, "--output", unpacked});
  Listing actual = tree_of(directory_.read("unpacked.tar"));
  Listing expected = tree_of(sample_tar());
  actual.entries.erase("");  // its own business
  expected.entries.erase("");
  expect_same_tree(actual, expected);
}

class NydusImageChunks : public NydusImageUnpack {};

/// What is stored of chunks that are not compressed, and their digests, are the bytes of nydus-image. Bootstrap and
/// index are not: release 2.2.0 has no CRC of chunks, and compresses the index of blobs that are not compressed.
TEST_P(NydusImageChunks, of_the_same_layer_are_the_same) {
  const OptionValues& options = GetParam().options;
  const auto is = [&](const char* key, const char* value) { return options.contains(key) && options.at(key) == value; };
  const bool v5 = is("fs_version", "5");
  directory_.write("layer.tar", sample_tar());
  std::vector<std::string> arguments = {"create",          "--log-level",
                                        "error",           "--type",
                                        "tar-rafs",        "--blob-inline-meta",
                                        "--whiteout-spec", "none",
                                        "--fs-version",    v5 ? "5" : "6",
                                        "--compressor",    "none",
                                        "--digester",      is("digester", "sha256") ? "sha256" : "blake3",
                                        "--blob",          directory_ / "theirs"};
  if (v5) {
    arguments.emplace_back("--aligned-chunk");
  } else {
    arguments.insert(arguments.end(), {"--features", "blob-toc"});
  }
  arguments.push_back(directory_ / "layer.tar");
  run(arguments);
  const Bytes theirs = to_bytes(as_bytes(directory_.read("theirs")));
  const Bytes ours = formats::testing::encode_layer(*format_info().make(options), sample_tar()).blob;
  for (const std::string_view name : {section::kData, section::kDigests}) {
    const auto content = [&](const Bytes& blob) {
      io::MemorySource source{ByteView(blob)};
      const std::vector<Section> sections = find_sections(source);
      const Section* const found = find_section(sections, name);
      if (found == nullptr) return Bytes();
      return to_bytes(
          ByteView(blob).subspan(static_cast<std::size_t>(found->offset), static_cast<std::size_t>(found->size)));
    };
    EXPECT_EQ(content(ours).empty(), v5 && name == section::kDigests);
    EXPECT_TRUE(content(ours) == content(theirs)) << name;
  }
}

std::string name_of(const ::testing::TestParamInfo<Kind>& parameter) { return parameter.param.name; }

INSTANTIATE_TEST_SUITE_P(Peer, NydusImageUnpack, ::testing::ValuesIn(kKinds), name_of);
INSTANTIATE_TEST_SUITE_P(Peer, NydusImageChunks, ::testing::Values(kKinds[1], kKinds[6]), name_of);

}  // namespace
}  // namespace accel::formats::nydus
