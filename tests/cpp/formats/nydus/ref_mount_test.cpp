/// nydusd serves files out of the layers of the source. Spec: nydus-blob.md 11.5, 11.7.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "accel/formats/nydus/merge.hpp"
#include "accel/io/file.hpp"
#include "formats/nydus/ref_layer.hpp"
#include "support/nydusd_mount.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::NydusdMount;
using accel::testing::TarBuilder;
using accel::testing::TempDirectory;
using testing::random_bytes;

using Files = std::map<std::string, std::string>;

std::string numbered_lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(i * 7919 % 10'007) + " lines, more or less\n";
  return text;
}

std::string tar_of(const Files& files) {
  TarBuilder tar;
  for (const auto& [name, content] : files) tar.file(name, content);
  return tar.end().text();
}

/// Adds a layer to the image and to nydusd's directory of blobs.
void add_layer(std::string_view source, const TempDirectory& directory, Merger& image) {
  const testing::RefLayer layer = testing::encode_ref(source);
  const hash::Digest blob = hash::sha256(layer.blob);
  directory.write("blobs/" + hash::sha256(as_bytes(source)).hex(), source);
  directory.write("blobs/" + blob.hex(), as_text(layer.blob));
  image.add({read_bootstrap(layer.part().bootstrap.view()), blob, layer.blob.size(), layer.part().toc_digest,
             layer.part().toc_size});
}

TEST(NydusdMountsReferences, every_file_of_gzip_and_plain_layers) {
  const Files first{{"random", random_bytes(3'000'000, 1)}, {"text", numbered_lines(200'000)}, {"small", "1"}};
  Files second;
  for (std::size_t i = 0; i < 300; ++i) second["f" + std::to_string(i)] = numbered_lines(i * i / 10);
  const Files third{{"plain", random_bytes(1'500'000, 2)}, {"empty", ""}};

  const TempDirectory directory;
  std::filesystem::create_directories(directory / "blobs");
  Merger image(nullptr);
  add_layer(codec::zlib_deflate(tar_of(first)), directory, image);
  add_layer(codec::zlib_deflate(tar_of(second), {.memory_level = 1}), directory, image);
  add_layer(tar_of(third), directory, image);
  directory.write("boot", as_text(write_bootstrap(image.finish({"/"})).view()));

  const NydusdMount mounted(directory / "boot", directory / "blobs");
  if (!mounted.why_not.empty()) GTEST_SKIP() << mounted.why_not;
  Files all = first;
  all.insert(second.begin(), second.end());
  all.insert(third.begin(), third.end());
  for (const auto& [name, content] : all) {
    io::FileStream file(mounted.root() / name);
    ASSERT_TRUE(as_text(io::read_all(file, content.size() + 1)) == content) << name << "\n" << mounted.log();
  }
}

}  // namespace
}  // namespace accel::formats::nydus
