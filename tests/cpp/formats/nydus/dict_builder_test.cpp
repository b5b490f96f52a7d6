// Dictionaries of several images.
#include "accel/formats/nydus/dict_builder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "formats/nydus/converted_image.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using formats::testing::random_bytes;

std::string shared_layer() { return TarBuilder().file("shared", random_bytes(300'000, 1)).end().text(); }
std::string own_layer(std::uint32_t seed) {
  return TarBuilder().file("own", random_bytes(100'000, seed)).file("copy", random_bytes(300'000, 1)).end().text();
}

class DictBuilderTest : public ::testing::Test {
 protected:
  static testing::Image image(const std::vector<std::string>& tars, const OptionValues& options = {}) {
    return testing::convert(*format_info().make(options), tars);
  }
  static hash::Digest digest_of(std::string_view name) { return hash::sha256(as_bytes(name)); }
  void add_stored(std::string_view name, const testing::Image& image) {
    const std::string tar = image.tar();
    io::MemoryStream stream(as_bytes(tar));
    builder_.add_stored(digest_of(name), stream, image.descriptors(), {});
  }
  void add_converted(std::string_view name, const testing::Image& image) {
    ConvertedImage converted{digest_of(name), std::string(name), {}};
    for (const auto& layer : image.layers) converted.layers.push_back({{}, layer.descriptor(), layer.result.part});
    builder_.add_converted(converted);
  }
  /// The own layer of the dictionary, uncompressed.
  std::string finish() {
    ThreadPool pool(2);
    MemoryBudget budget(64U << 20U);
    io::MemorySink sink;
    result_ = builder_.finish(sink, formats::testing::make_context(pool, budget));
    return formats::testing::decompress(to_bytes(sink.view()));
  }
  static Rafs rafs_of(const std::string& tar) {
    io::MemoryStream stream(as_bytes(tar));
    return read_bootstrap(read_bootstrap_layer(stream).view());
  }

  DictBuilder builder_;
  ImageResult result_;
};

TEST_F(DictBuilderTest, each_image_has_a_directory_of_its_own) {
  add_stored("a", image({shared_layer(), own_layer(2)}));
  add_stored("b", image({shared_layer(), own_layer(3)}));
  const Rafs rafs = rafs_of(finish());
  for (const char* const name : {"a", "b"}) {
    const std::string top = "/" + digest_of(name).hex();
    EXPECT_NE(rafs.tree.find(top + "/shared"), Tree::kNone);
    EXPECT_NE(rafs.tree.find(top + "/own"), Tree::kNone);
  }
}

TEST_F(DictBuilderTest, equal_chunks_are_there_once_and_blobs_without_chunks_not_at_all) {
  const testing::Image first = image({shared_layer(), own_layer(2)});
  add_stored("a", first);
  add_stored("b", image({own_layer(3)}));
  add_stored("c", image({shared_layer()}, {{"compression_level", "1"}}));  // other bytes, the same content
  const Rafs rafs = rafs_of(finish());
  EXPECT_EQ(rafs.chunks.size(), 3U);
  ASSERT_EQ(rafs.blobs.size(), 2U);  // the content of the shared layer is in the first image's own layer as well
  ASSERT_EQ(result_.foreign_blobs.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(result_.foreign_blobs[i].digest.hex(), rafs.blobs[i].id);
}

TEST_F(DictBuilderTest, converted_images_give_what_stored_ones_do) {
  const testing::Image first = image({shared_layer(), own_layer(2)});
  add_stored("a", first);
  const std::string stored = finish();
  builder_ = DictBuilder();
  add_converted("a", first);
  EXPECT_EQ(finish(), stored);
}

TEST_F(DictBuilderTest, an_image_that_comes_twice_is_there_once) {
  const testing::Image one = image({own_layer(2)});
  add_stored("a", one);
  const std::string once = finish();
  builder_ = DictBuilder();
  add_stored("a", one);
  add_stored("a", one);
  EXPECT_EQ(finish(), once);
}

TEST_F(DictBuilderTest, chunk_information_goes_along) {
  const testing::Image one = image({own_layer(2)});
  add_stored("a", one);
  const std::string tar = finish();
  std::vector<std::string> metas;
  io::MemoryStream stream(as_bytes(tar));
  read_bootstrap_layer(stream, [&](std::string_view hex, std::uint64_t, io::ByteStream&) { metas.emplace_back(hex); });
  EXPECT_EQ(metas, std::vector<std::string>{one.descriptors().front().digest.hex()});
}

TEST_F(DictBuilderTest, conversions_find_the_chunks_of_all_images) {
  add_stored("a", image({own_layer(2)}));
  add_stored("b", image({own_layer(3)}));
  const std::string tar = finish();
  io::MemoryStream stream(as_bytes(tar));
  const auto format = format_info().make({{"chunk_dict_ref", "registry.example/dictionary:1"}});
  format->set_dictionary(stream, result_.foreign_blobs);
  const testing::Image user = testing::convert(
      *format, {TarBuilder().file("x", random_bytes(100'000, 2)).file("y", random_bytes(100'000, 3)).end().text()});
  EXPECT_LT(user.layers.front().blob.size(), 20'000U);
  EXPECT_EQ(user.result.foreign_blobs.size(), 2U);
}

TEST_F(DictBuilderTest, images_must_be_alike) {
  add_stored("a", image({own_layer(2)}));
  const std::vector<std::pair<OptionValues, std::string>> others = {
      {{{"fs_version", "5"}}, "RAFS version 5"},
      {{{"fs_chunk_size", "0x10000"}}, "chunk size 65536"},
      {{{"digester", "sha256"}}, "digester sha256"},
  };
  for (const auto& [options, text] : others) {
    try {
      add_stored("b" + text, image({own_layer(2)}, options));
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(error.message().find(text), std::string::npos) << error.message();
      EXPECT_NE(error.message().find(digest_of("a").short_string()), std::string::npos) << error.message();
    }
  }
  add_stored("c", image({own_layer(4)}, {{"compressor", "lz4_block"}}));  // each blob has its own
  EXPECT_EQ(rafs_of(finish()).blobs.size(), 2U);
}

TEST_F(DictBuilderTest, images_of_version_5_have_one_compressor) {
  add_stored("a", image({own_layer(2)}, {{"fs_version", "5"}}));
  EXPECT_THROW(add_stored("b", image({own_layer(3)}, {{"fs_version", "5"}, {"compressor", "none"}})), ConfigError);
}

TEST_F(DictBuilderTest, what_cannot_be_shared_is_refused) {
  const testing::Image one = image({own_layer(2)});
  const std::string tar = one.tar();
  io::MemoryStream stream(as_bytes(tar));
  EXPECT_THROW(builder_.add_stored(digest_of("a"), stream, {one.descriptors().back()}, {}), UnsupportedError);
  EXPECT_THROW(static_cast<void>(format_info().make({{"oci_ref", "true"}})->make_dictionary()), ConfigError);
  EXPECT_THROW(static_cast<void>(format_info().make({{"chunk_dict_ref", "a:1"}})->make_dictionary()), ConfigError);
  EXPECT_THROW(finish(), ConfigError);
}

}  // namespace
}  // namespace accel::formats::nydus
