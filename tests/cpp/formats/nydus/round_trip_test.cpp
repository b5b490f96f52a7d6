// Images written by the encoders and read by the readers, which were made from the specs without a look at each other:
// every option, compared with the file tree of the source.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/formats/nydus/unpack.hpp"
#include "accel/fs/from_tar.hpp"
#include "accel/fs/tree.hpp"
#include "formats/encode_layer.hpp"
#include "formats/nydus/hand_made_blob.hpp"
#include "formats/nydus/trees.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::sample_text;
using accel::testing::TarBuilder;
using formats::testing::random_bytes;
using testing::add_verified;
using testing::expect_equal;
using testing::tree_of;

std::string base_layer() {
  TarBuilder tar;
  tar.directory("./").directory("etc", 0700).directory("usr/").directory("usr/bin", 01777);
  tar.file("etc/hello.txt", "hello world\n").file("etc/empty").file("etc/removed", "soon gone");
  tar.file("usr/bin/big", random_bytes(90'000, 1)).file("usr/bin/same", random_bytes(90'000, 1));
  tar.file("usr/bin/text", sample_text(60'000, 2), 04755);
  tar.file("usr/bin/exact", sample_text(65'536, 3));
  tar.file("usr/zeros", std::string(200'000, '\0'));
  tar.symlink("link", "etc/hello.txt").gnu_long_link(std::string(2000, 'x')).symlink("long-link", "x");
  tar.hardlink("etc/hard", "etc/hello.txt").hardlink("usr/hard", "usr/bin/big");
  tar.device("console", '3', 5, 1).device("disk", '4', 8, 300).fifo("pipe");
  tar.pax({{"SCHILY.xattr.user.note", std::string("a\0b\n", 4)}, {"SCHILY.xattr.security.capability", "cap"}});
  tar.file("with-xattrs", "x");
  tar.pax({{"mtime", "1700000000.25"}}).file("precise", "time");
  tar.file("deep/implicit/directories/file", "content");
  tar.directory("opaque").file("opaque/lower", "hidden");
  tar.directory("many");
  for (int i = 0; i < 120; ++i) {
    tar.file("many/a-file-with-a-rather-long-name-" + std::to_string(i),
             sample_text(static_cast<std::size_t>(i * 23), static_cast<std::uint32_t>(i)));
  }
  return tar.end().text();
}

std::string upper_layer() {
  TarBuilder tar;
  tar.file("etc/.wh.removed").file("opaque/.wh..wh..opq").file("opaque/upper", "visible");
  tar.file("etc/hello.txt", "changed, so that its other name keeps the old content");
  tar.directory("link").file("link/is-a-directory-now", "x").file("usr/zeros", sample_text(50'000, 9));
  tar.file("usr/bin/again", random_bytes(90'000, 1));
  return tar.end().text();
}

std::string without_data() {
  return TarBuilder().file("many/.wh.a-file-with-a-rather-long-name-7").directory("new").end().text();
}

/// How the source layers are stored.
enum class Stored { tar, gzip };

struct Case {
  const char* name;
  OptionValues options;
  Stored stored = Stored::tar;
};

/// Everything that an image is made of and becomes.
class Image {
 public:
  Image(Format& format, const std::vector<std::string>& tars, Stored stored) {
    ConvertedImage converted{hash::sha256(as_bytes("manifest")), "registry.example/image:1", {}};
    for (const std::string& tar : tars) converted.layers.push_back(encode(format, tar, stored));
    io::MemorySink sink;
    ThreadPool pool(2);
    MemoryBudget budget(64U << 20U);
    const ImageResult result = format.encode_image(converted, sink, formats::testing::make_context(pool, budget));
    diff_id = result.layer.diff_id;
    layers.push_back(keep(result.layer, sink.view()));
    for (const oci::Descriptor& blob : result.foreign_blobs) layers.push_back(blob);
  }

  [[nodiscard]] BlobOpener opener() const {
    return [this](const oci::Descriptor& wanted) -> std::shared_ptr<io::ByteSource> {
      return std::make_shared<io::MemorySource>(ByteView(blobs.at(wanted.digest)));
    };
  }

  std::vector<oci::Descriptor> layers;  ///< those of the source, then the bootstrap layer
  std::map<hash::Digest, Bytes> blobs;
  hash::Digest diff_id;

 private:
  oci::Descriptor keep(const LayerResult& result, ByteView blob) {
    oci::Descriptor layer;
    layer.media_type = result.media_type;
    layer.annotations = result.annotations;
    layer.digest = hash::sha256(blob);
    layer.size = blob.size();
    blobs[layer.digest] = to_bytes(blob);
    return layer;
  }

  ImageLayer encode(Format& format, const std::string& tar, Stored stored) {
    Buffer packed;
    if (stored == Stored::gzip) {
      codec::make_gzip_encoder(6)->encode(as_bytes(tar), packed);
    } else {
      packed.append(as_bytes(tar));
    }
    LayerResult source_result;
    source_result.media_type = stored == Stored::gzip ? oci::kOciLayerGzip : oci::kOciLayer;
    const oci::Descriptor source = keep(source_result, packed.view());
    ThreadPool pool(2);
    MemoryBudget budget(64U << 20U);
    EncodeContext context = formats::testing::make_context(pool, budget);
    io::MemoryStream bytes(packed.view());
    std::unique_ptr<io::ByteStream> stream;
    if (stored == Stored::gzip) {
      context.source_compression = codec::Compression::gzip;
      context.boundaries = std::make_shared<codec::BlockBoundaries>();
      stream = codec::make_indexing_decoder(bytes, {context.boundaries});
    } else {
      stream = codec::make_decoder(codec::Compression::none, bytes);
    }
    io::MemorySink sink;
    const LayerResult result = formats::testing::feed(*format.encode(source, sink, context), *stream);
    layers.push_back(keep(result, sink.view()));
    return {source, layers.back(), result.part};
  }
};

class RoundTrip : public ::testing::TestWithParam<Case> {
 protected:
  static std::vector<std::string> tars() { return {base_layer(), upper_layer(), without_data()}; }
};

TEST_P(RoundTrip, image_has_the_file_tree_of_its_source) {
  const auto format = format_info().make(GetParam().options);
  const Image image(*format, tars(), GetParam().stored);
  const auto reader = open_image(image.layers, image.opener(), {});
  ASSERT_NE(reader, nullptr);
  expect_equal(tree_of(tars()), tree_of(*reader, image.diff_id));
}

TEST_P(RoundTrip, layers_lie_over_each_other_as_those_of_the_source) {
  const auto format = format_info().make(GetParam().options);
  const Image image(*format, tars(), GetParam().stored);
  OpenOptions options;
  options.other_blobs = image.opener();
  fs::Tree verified;
  fs::Tree unpacked;
  for (std::size_t i = 0; i < tars().size(); ++i) {
    const oci::Descriptor& layer = image.layers[i];
    add_verified(verified, *open_reader(layer, image.opener()(layer), options), layer.digest);
    io::MemorySink tar;
    unpack_layer(layer, image.opener()(layer), tar, options);
    io::MemoryStream stream(tar.view());
    fs::add_layer(unpacked, stream);
  }
  expect_equal(tree_of(tars()), verified);
  expect_equal(tree_of(tars()), unpacked);
}

TEST_P(RoundTrip, unpacked_image_has_the_file_tree_of_its_source) {
  const auto format = format_info().make(GetParam().options);
  const Image image(*format, tars(), GetParam().stored);
  io::MemorySink tar;
  unpack_image(image.layers, image.opener(), tar);
  fs::Tree tree;
  io::MemoryStream stream(tar.view());
  fs::add_layer(tree, stream);
  expect_equal(tree_of(tars()), tree);
}

TEST_P(RoundTrip, unpacker_tells_the_layers_apart) {
  const auto format = format_info().make(GetParam().options);
  const Image image(*format, tars(), GetParam().stored);
  const auto unpacker = open_unpacker(image.layers, image.opener(), {});
  ASSERT_NE(unpacker, nullptr);
  EXPECT_EQ(unpacker->note(), "");
  ASSERT_EQ(unpacker->layers().size(), tars().size());
  fs::Tree tree;
  for (std::size_t i = 0; i < tars().size(); ++i) {
    EXPECT_EQ(unpacker->layers()[i].digest, image.layers[i].digest);
    io::MemorySink tar;
    unpacker->write_layer(i, tar, {});
    io::MemoryStream stream(tar.view());
    fs::add_layer(tree, stream);
  }
  expect_equal(tree_of(tars()), tree);
}

TEST_P(RoundTrip, every_file_is_read_through_its_chunks) {
  const auto format = format_info().make(GetParam().options);
  const Image image(*format, tars(), GetParam().stored);
  const auto reader = open_image(image.layers, image.opener(), {});
  tree_of(tars()).walk([&](const std::string& path, const std::shared_ptr<const fs::Node>& node) {
    if (node->type != tar::EntryType::regular) return;
    Bytes content(static_cast<std::size_t>(node->size) + 1);
    const std::size_t size = reader->read_file(path, 0, content);
    EXPECT_EQ(size, node->size) << path;
    EXPECT_EQ(hash::sha256(ByteView(content).first(size)), node->content) << path;
  });
}

const std::vector<Case> kCases = {
    {"defaults", {}},
    {"none_sha256", {{"compressor", "none"}, {"digester", "sha256"}}},
    {"lz4", {{"compressor", "lz4_block"}}},
    {"gzip", {{"compressor", "gzip"}}},
    {"zstd_19", {{"compression_level", "19"}, {"fs_chunk_size", "65536"}}},
    {"small_chunks", {{"fs_chunk_size", "4096"}}},
    {"large_chunks", {{"fs_chunk_size", "16777216"}}},
    {"batch", {{"batch_size", "65536"}}},
    {"batch_none", {{"batch_size", "4096"}, {"fs_chunk_size", "4096"}, {"compressor", "none"}}},
    {"encrypted", {{"encrypt_recipients", "jwe:/key.pem"}}},
    {"encrypted_batch", {{"encrypt_recipients", "jwe:/key.pem"}, {"batch_size", "16384"}, {"compressor", "none"}}},
    {"v5", {{"fs_version", "5"}}},
    {"v5_none_sha256", {{"fs_version", "5"}, {"compressor", "none"}, {"digester", "sha256"}}},
    {"v5_lz4_aligned", {{"fs_version", "5"}, {"compressor", "lz4_block"}, {"fs_align_chunk", "true"}}},
    {"v5_gzip_small", {{"fs_version", "5"}, {"compressor", "gzip"}, {"fs_chunk_size", "8192"}}},
    {"tar_reference", {{"oci_ref", "true"}}},
    {"zran", {{"oci_ref", "true"}}, Stored::gzip},
    {"prefetch", {{"prefetch_patterns", "/usr\n/etc/hello.txt"}}, Stored::gzip},
};

INSTANTIATE_TEST_SUITE_P(Nydus, RoundTrip, ::testing::ValuesIn(kCases),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(NydusRoundTrip, dictionary_blobs_are_found_behind_the_own_ones) {
  for (const char* const version : {"5", "6"}) {
    const OptionValues options = {{"fs_version", version}};
    const Image dictionary(*format_info().make(options), {base_layer()}, Stored::tar);
    OptionValues with_dictionary = options;
    with_dictionary["chunk_dict_ref"] = "registry.example/dictionary:1";
    const auto format = format_info().make(with_dictionary);
    io::MemoryStream packed(dictionary.blobs.at(dictionary.layers.back().digest));
    const auto tar = codec::make_decoder(codec::Compression::gzip, packed);
    format->set_dictionary(*tar, dictionary.layers);

    Image image(*format, {base_layer(), upper_layer()}, Stored::tar);
    EXPECT_LT(image.layers.front().size, 80'000U);  // all chunks are the dictionary's
    image.blobs.insert(dictionary.blobs.begin(), dictionary.blobs.end());
    const auto reader = open_image(image.layers, image.opener(), {});
    expect_equal(tree_of({base_layer(), upper_layer()}), tree_of(*reader, {}));
  }
}

}  // namespace
}  // namespace accel::formats::nydus
