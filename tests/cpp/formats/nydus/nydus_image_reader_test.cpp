// Blobs and bootstraps made by the reference builder are read, verified, and have the file tree of their source.
// Skipped where there is no nydus-image (scripts/peers builds it).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/chunk_codec.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "accel/fs/tree.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"
#include "formats/encode_layer.hpp"
#include "formats/nydus/hand_made_blob.hpp"
#include "formats/nydus/trees.hpp"
#include "support/child_process.hpp"
#include "support/peer_program.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::sample_text;
using accel::testing::TarBuilder;
using accel::testing::TempDirectory;
using formats::testing::random_bytes;
using testing::expect_equal;
using testing::tree_of;
using Arguments = std::vector<std::string>;

std::string lower_tar() {
  TarBuilder tar;
  tar.directory("./").directory("etc").directory("usr").directory("usr/bin", 01777);
  tar.file("etc/hello", "hello world\n").file("etc/empty").file("etc/removed", "gone soon");
  tar.file("usr/bin/big", random_bytes(1'500'000, 1)).file("usr/bin/copy", random_bytes(1'500'000, 1), 04755);
  tar.file("usr/zeros", std::string(1'500'000, '\0')).file("usr/text", sample_text(400'000, 2));
  tar.symlink("link", "etc/hello").gnu_long_link(std::string(2000, 'x')).symlink("long", "x");
  tar.hardlink("etc/other-name", "etc/hello").device("null", '3', 1, 300).device("disk", '4', 8, 1).fifo("pipe");
  tar.pax({{"SCHILY.xattr.user.note", "value"}}).file("with-xattr", "x");
  tar.directory("opaque").file("opaque/lower", "hidden").directory("many");
  for (int i = 0; i < 500; ++i) {
    tar.file("many/a-file-with-a-rather-long-name-" + std::to_string(i), random_bytes(static_cast<std::size_t>(i), 7));
  }
  return tar.end().text();
}

std::string upper_tar() {
  TarBuilder tar;
  tar.directory("etc", 0700).file("etc/.wh.removed").file("etc/hello", "another hello");
  tar.directory("opaque").file("opaque/.wh..wh..opq").file("opaque/upper", "seen");
  tar.directory("usr").directory("usr/bin", 0755).file("usr/bin/big", random_bytes(1'100'000, 1));
  return tar.end().text();
}

std::string gzip(const std::string& text) {
  Buffer packed;
  codec::make_gzip_encoder(6)->encode(as_bytes(text), packed);
  return to_string(packed.view());
}

/// A directory in which nydus-image works, and the blobs that came of it.
class Builder {
 public:
  explicit Builder(std::string program) : program_(std::move(program)) {}

  void run(const Arguments& arguments) {
    Arguments all = {program_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const std::string output = (directory_ / "output").string();
    if (accel::testing::run_program(all, output) != 0) {
      throw std::runtime_error("nydus-image failed: " + directory_.read("output"));
    }
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void write(const std::string& name, std::string_view content) { directory_.write(name, content); }
  [[nodiscard]] std::string read(const std::string& name) const { return directory_.read(name); }

  /// Adds a layer made of `source` and returns its descriptor. `source` is kept, too: references read it.
  oci::Descriptor create(const std::string& source, const Arguments& options) {
    keep(source);
    write("source", source);
    Arguments arguments = {"create",     "--log-level",     "error", "--blob",
                           path("blob"), "--whiteout-spec", "none",  "--blob-inline-meta"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(path("source"));
    std::filesystem::remove(directory_ / "blob");
    run(arguments);
    oci::Descriptor layer;
    layer.media_type = kBlobMediaType;
    const std::string blob = read("blob");
    layer.digest = keep(blob);
    layer.size = blob.size();
    return layer;
  }
  hash::Digest keep(const std::string& blob) {
    const hash::Digest digest = hash::sha256(as_bytes(blob));
    blobs[digest] = blob;
    return digest;
  }
  [[nodiscard]] BlobOpener opener() const {
    return [this](const oci::Descriptor& wanted) -> std::shared_ptr<io::ByteSource> {
      return std::make_shared<io::MemorySource>(as_bytes(blobs.at(wanted.digest)));
    };
  }
  std::map<hash::Digest, std::string> blobs;

 private:
  const std::string program_;
  TempDirectory directory_;
};

struct Kind {
  const char* name;
  Arguments options;
  bool gzipped = false;
};

const Arguments kToc = {"--type", "tar-rafs", "--features", "blob-toc"};

Arguments with(Arguments base, const Arguments& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

const std::vector<Kind> kKinds = {
    {"v6", kToc},
    {"v6_without_toc", {"--type", "tar-rafs"}},
    {"v6_none", with(kToc, {"--compressor", "none", "--digester", "sha256"})},
    {"v6_lz4", with(kToc, {"--compressor", "lz4_block"})},
    {"v6_small_chunks", with(kToc, {"--chunk-size", "0x1000"})},
    {"v6_large_chunks", with(kToc, {"--chunk-size", "0x1000000"})},
    {"v5", {"--type", "tar-rafs", "--fs-version", "5"}},
    {"v5_none", {"--type", "tar-rafs", "--fs-version", "5", "--compressor", "none", "--digester", "sha256"}},
    {"v5_aligned", {"--type", "tar-rafs", "--fs-version", "5", "--compressor", "lz4_block", "--aligned-chunk"}},
    {"zran", {"--type", "targz-ref", "--features", "blob-toc"}, true},
    {"tar_reference", {"--type", "targz-ref", "--features", "blob-toc"}},
};

class NydusImage : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    program_ = accel::testing::peer_program("nydus-rs/bin/nydus-image");
    if (program_.empty()) GTEST_SKIP() << "no nydus-image";
  }
  static std::string source(const std::string& tar) { return GetParam().gzipped ? gzip(tar) : tar; }

  std::string program_;
};

TEST_P(NydusImage, layer_is_verified) {
  Builder builder(program_);
  const oci::Descriptor layer = builder.create(source(lower_tar()), GetParam().options);
  OpenOptions options;
  options.other_blobs = builder.opener();
  const auto reader = open_reader(layer, builder.opener()(layer), options);
  expect_equal(tree_of({lower_tar()}), tree_of(*reader, layer.digest));
}

/// As the snapshotter's converter calls it: each layer's bootstrap in a file of its name (nydus-blob.md 2.4).
TEST_P(NydusImage, merged_image_is_verified) {
  Builder builder(program_);
  const bool reference = GetParam().options[1] == "targz-ref";
  std::vector<oci::Descriptor> layers;
  std::string digests, sizes;
  Arguments arguments = {"merge", "--log-level", "error", "--bootstrap", builder.path("merged")};
  Arguments bootstraps;
  for (const std::string& tar : {lower_tar(), upper_tar()}) {
    const std::string stored = source(tar);
    const oci::Descriptor layer = builder.create(stored, GetParam().options);
    layers.push_back(layer);
    const std::string name = reference ? hash::sha256(as_bytes(stored)).hex() : layer.digest.hex();
    io::MemorySource blob(as_bytes(builder.blobs.at(layer.digest)));
    const std::vector<Section> sections = find_sections(blob);
    const auto toc = read_toc(blob, sections);
    const Section& place = *find_section(sections, section::kBootstrap);
    const TocEntry whole{place.name, Compressor::none, {}, place.offset, place.size, place.size};
    builder.write(name, as_text(read_section(blob, toc ? *toc->find(section::kBootstrap) : whole, 1U << 28U).view()));
    bootstraps.push_back(builder.path(name));
    digests += (digests.empty() ? "" : ",") + layer.digest.hex();
    sizes += (sizes.empty() ? "" : ",") + std::to_string(layer.size);
  }
  if (reference) arguments = with(arguments, {"--blob-digests", digests, "--blob-sizes", sizes});
  builder.run(with(arguments, bootstraps));

  TarBuilder tar;
  tar.directory("image").file("image/image.boot", builder.read("merged"), 0444).end();
  const std::string packed = gzip(tar.text());
  oci::Descriptor bootstrap;
  bootstrap.digest = builder.keep(packed);
  bootstrap.size = packed.size();
  bootstrap.annotations[std::string(kBootstrapAnnotation)] = "true";
  layers.push_back(bootstrap);
  const auto reader = open_image(layers, builder.opener(), {});
  ASSERT_NE(reader, nullptr);
  expect_equal(tree_of({lower_tar(), upper_tar()}), tree_of(*reader, hash::sha256(as_bytes(tar.text()))));
}

INSTANTIATE_TEST_SUITE_P(Peer, NydusImage, ::testing::ValuesIn(kKinds),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace accel::formats::nydus
