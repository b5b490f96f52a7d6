/// nydus-image and nydusd take our dictionaries, and images that use them. Skipped where they are not installed
/// (scripts/peers builds them) or the machine cannot mount.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/dict_builder.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/io/file.hpp"
#include "formats/nydus/converted_image.hpp"
#include "support/nydusd_mount.hpp"
#include "support/peer_program.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::NydusdMount;
using accel::testing::TarBuilder;
using accel::testing::TempDirectory;
using formats::testing::random_bytes;

constexpr std::size_t kSize = 400'000;

class NydusDictionaryPeer : public ::testing::TestWithParam<const char*> {
 protected:
  /// A dictionary of two images and an image that uses it, with their blobs in the directory `blobs`.
  void SetUp() override {
    std::filesystem::create_directories(directory_ / "blobs");
    DictBuilder builder;
    for (std::uint32_t i = 1; i <= 2; ++i) {
      const testing::Image image = testing::convert(*make({}), {tar(i)});
      keep_blobs(image);
      const std::string own = image.tar();
      io::MemoryStream stream(as_bytes(own));
      builder.add_stored(image_digest(i), stream, image.descriptors(), {});
    }
    ThreadPool pool(2);
    MemoryBudget budget(64U << 20U);
    io::MemorySink sink;
    const ImageResult result = builder.finish(sink, formats::testing::make_context(pool, budget));
    const std::string own = formats::testing::decompress(to_bytes(sink.view()));
    dictionary_ = write_bootstrap_of(own, "dictionary");

    io::MemoryStream stream(as_bytes(own));
    const auto format = make({{"chunk_dict_ref", "registry.example/dictionary:1"}});
    format->set_dictionary(stream, result.foreign_blobs);
    const testing::Image user = testing::convert(*format, {TarBuilder()
                                                               .file("a", random_bytes(kSize, 1))
                                                               .file("b", random_bytes(kSize, 2))
                                                               .file("c", random_bytes(kSize, 3))
                                                               .end()
                                                               .text()});
    keep_blobs(user);
    user_ = write_bootstrap_of(user.tar(), "user");
  }

  static std::unique_ptr<Format> make(OptionValues options) {
    options["fs_version"] = GetParam();
    return format_info().make(options);
  }
  static std::string tar(std::uint32_t seed) { return TarBuilder().file("f", random_bytes(kSize, seed)).end().text(); }
  static hash::Digest image_digest(std::uint32_t seed) { return hash::sha256(as_bytes(std::to_string(seed))); }
  void keep_blobs(const testing::Image& image) {
    for (const auto& layer : image.layers) {
      directory_.write("blobs/" + hash::sha256(layer.blob).hex(), as_text(layer.blob));
    }
  }
  std::filesystem::path write_bootstrap_of(const std::string& own_layer, const std::string& name) {
    io::MemoryStream stream(as_bytes(own_layer));
    return directory_.write(name, as_text(read_bootstrap_layer(stream).view()));
  }
  void run_nydus_image(std::vector<std::string> arguments) {
    const std::string program = accel::testing::peer_program("nydus-rs/bin/nydus-image");
    if (program.empty()) GTEST_SKIP() << "no nydus-image";
    arguments.insert(arguments.begin(), program);
    ASSERT_EQ(accel::testing::run_program(arguments, directory_ / "log"), 0) << directory_.read("log");
  }
  void expect_mounted(const std::filesystem::path& bootstrap, const std::vector<std::pair<std::string, int>>& files) {
    const NydusdMount mounted(bootstrap, directory_ / "blobs");
    if (!mounted.why_not.empty()) GTEST_SKIP() << mounted.why_not;
    for (const auto& [name, seed] : files) {
      io::FileStream file(mounted.root() / name);
      const std::string want = random_bytes(kSize, static_cast<std::uint32_t>(seed));
      EXPECT_TRUE(as_text(io::read_all(file, kSize + 1)) == want) << name << "\n" << mounted.log();
    }
  }

  TempDirectory directory_;
  std::filesystem::path dictionary_, user_;
};

TEST_P(NydusDictionaryPeer, nydus_image_checks_both) {
  run_nydus_image({"check", "--log-level", "error", "--bootstrap", dictionary_});
  run_nydus_image({"check", "--log-level", "error", "--bootstrap", user_});
}

TEST_P(NydusDictionaryPeer, nydus_image_uses_the_dictionary) {
  directory_.write("layer.tar", tar(2));
  std::vector<std::string> arguments = {"create",          "--log-level",
                                        "error",           "--type",
                                        "tar-rafs",        "--blob-inline-meta",
                                        "--whiteout-spec", "none",
                                        "--fs-version",    GetParam(),
                                        "--compressor",    "zstd",
                                        "--chunk-dict",    "bootstrap=" + dictionary_.string(),
                                        "--blob",          directory_ / "theirs"};
  if (GetParam() == std::string("6")) arguments.insert(arguments.end(), {"--features", "blob-toc"});
  arguments.push_back(directory_ / "layer.tar");
  run_nydus_image(arguments);
  if (IsSkipped()) return;
  EXPECT_LT(std::filesystem::file_size(directory_ / "theirs"), kSize / 4);
}

TEST_P(NydusDictionaryPeer, nydusd_serves_the_dictionary) {
  expect_mounted(dictionary_, {{image_digest(1).hex() + "/f", 1}, {image_digest(2).hex() + "/f", 2}});
}

TEST_P(NydusDictionaryPeer, nydusd_serves_an_image_that_uses_it) {
  expect_mounted(user_, {{"a", 1}, {"b", 2}, {"c", 3}});
}

INSTANTIATE_TEST_SUITE_P(Peer, NydusDictionaryPeer, ::testing::Values("6", "5"),
                         [](const auto& version) { return "v" + std::string(version.param); });

}  // namespace
}  // namespace accel::formats::nydus
