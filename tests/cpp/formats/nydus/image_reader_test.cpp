#include "accel/formats/nydus/image_reader.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/unpack.hpp"
#include "accel/io/memory.hpp"
#include "accel/tar/reader.hpp"
#include "formats/nydus/hand_made_blob.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::HandMade;
using accel::testing::sample_text;
using accel::testing::TarBuilder;

class Collector final : public LayerVisitor {
 public:
  void entry(const tar::Entry& entry, const hash::Digest& content) override {
    if (entry.type == tar::EntryType::regular) contents[entry.name] = content;
  }
  std::map<std::string, hash::Digest> contents;
};

/// An image of one layer, whose parts a test may change before it opens it.
struct Image {
  HandMade made;
  std::string bootstrap_path = "image/image.boot";
  std::map<std::string, std::string> meta_files;  ///< by hex digest
  oci::Annotations annotations = {{std::string(kBootstrapAnnotation), "true"}};
  std::map<hash::Digest, std::string> blobs;
  std::vector<oci::Descriptor> layers;
  hash::Digest diff_id;
  Rafs rafs;

  explicit Image(HandMade::Reference reference = HandMade::Reference::no) {
    made.reference = reference;
    made.compressor = Compressor::zstd;
    made.files = {{"etc/file", sample_text(20'000, 1)}, {"etc/other", sample_text(300, 2)}};
    made.make();
    rafs = made.rafs;
    Blob& blob = rafs.blobs.at(0);
    blob.features &= ~feature::kInlinedFsMeta;
    const hash::Digest digest = hash::sha256(as_bytes(made.blob));
    if (reference == HandMade::Reference::no) {
      blob.id = digest.hex();
    } else {
      std::copy_n(digest.raw().begin(), 32, blob.meta_digest.begin());
      blob.meta_size = made.blob.size();
      blobs[hash::sha256(as_bytes(made.layer))] = made.layer;
    }
    meta_files[digest.hex()] = made.meta_file;
    oci::Descriptor layer = add(kBlobMediaType, made.blob);
    if (reference != HandMade::Reference::no) {
      layer.annotations[std::string(kRefAnnotation)] = "sha256:" + blob.id;
    }
    layers.push_back(layer);
  }

  /// Puts the bootstrap layer behind the others.
  Image& finish() {
    TarBuilder tar;
    tar.directory("image");
    if (!bootstrap_path.empty()) tar.file(bootstrap_path, to_string(write_bootstrap(rafs).view()), 0444);
    for (const auto& [hex, content] : meta_files) tar.file("image/" + hex + ".blob.meta", content, 0444);
    tar.end();
    Buffer packed;
    codec::make_gzip_encoder(6)->encode(as_bytes(tar.text()), packed);
    diff_id = hash::sha256(as_bytes(tar.text()));
    oci::Descriptor layer = add("application/vnd.oci.image.layer.v1.tar+gzip", to_string(packed.view()));
    layer.annotations = annotations;
    layers.push_back(layer);
    return *this;
  }

  oci::Descriptor add(std::string_view media_type, const std::string& blob) {
    oci::Descriptor layer;
    layer.media_type = media_type;
    layer.digest = hash::sha256(as_bytes(blob));
    layer.size = blob.size();
    blobs[layer.digest] = blob;
    return layer;
  }

  [[nodiscard]] BlobOpener opener() const {
    return [this](const oci::Descriptor& wanted) -> std::shared_ptr<io::ByteSource> {
      asked.push_back(wanted);
      const auto found = blobs.find(wanted.digest);
      if (found == blobs.end()) throw NotFound("no blob " + wanted.digest.to_string(), {});
      return std::make_shared<io::MemorySource>(to_bytes(as_bytes(found->second)));
    };
  }
  mutable std::vector<oci::Descriptor> asked;

  Collector verify(const hash::Digest& expected_diff_id = {}) const {
    Collector seen;
    open_image(layers, opener(), {})->verify(seen, expected_diff_id, {});
    return seen;
  }
  /// The text of the error that verification ends with.
  [[nodiscard]] std::string error() const {
    try {
      verify();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
};

void expect_files(const Image& image, const Collector& seen) {
  for (const auto& [path, content] : image.made.files) {
    EXPECT_EQ(seen.contents.at(path), hash::sha256(as_bytes(content))) << path;
  }
}

TEST(NydusImageReader, images_of_other_formats_are_left_alone) {
  const Image image;
  EXPECT_EQ(open_image(image.layers, image.opener(), {}), nullptr);
  EXPECT_EQ(open_image({}, image.opener(), {}), nullptr);
}

TEST(NydusImageReader, native_image_is_verified) {
  Image image;
  image.finish();
  expect_files(image, image.verify(image.diff_id));
}

TEST(NydusImageReader, image_of_references_is_verified_with_the_layers_it_refers_to) {
  for (const auto reference : {HandMade::Reference::tar, HandMade::Reference::zran}) {
    Image image(reference);
    image.finish();
    expect_files(image, image.verify(image.diff_id));
    const auto layer = hash::sha256(as_bytes(image.made.layer));
    const auto asked = std::ranges::find(image.asked, layer, &oci::Descriptor::digest);
    ASSERT_NE(asked, image.asked.end());
    EXPECT_EQ(asked->size, image.made.layer.size());
  }
}

TEST(NydusImageReader, reference_without_the_digest_of_its_blob_is_found_by_annotation) {
  Image image(HandMade::Reference::zran);
  image.rafs.blobs[0].meta_digest = {};
  image.rafs.blobs[0].meta_size = 0;
  image.finish();
  expect_files(image, image.verify());
}

TEST(NydusImageReader, missing_layer_of_a_reference_is_named) {
  Image image(HandMade::Reference::zran);
  image.finish();
  image.blobs.erase(hash::sha256(as_bytes(image.made.layer)));
  EXPECT_NE(image.error().find("copy that image"), std::string::npos) << image.error();
}

TEST(NydusImageReader, blob_in_a_backend_is_asked_for_by_its_digest) {
  Image image;
  image.layers.clear();
  image.finish();
  expect_files(image, image.verify());
  EXPECT_TRUE(std::ranges::any_of(image.asked, [&](const oci::Descriptor& blob) {
    return blob.digest.hex() == image.rafs.blobs[0].id && blob.size == 0;
  }));
}

TEST(NydusImageReader, only_the_bootstrap_is_needed_to_list) {
  Image image;
  image.finish();
  Collector seen;
  const auto reader = open_image(image.layers, image.opener(), {});
  reader->list(seen);
  EXPECT_EQ(seen.contents.size(), 2U);
  EXPECT_EQ(reader->summary().format, "Nydus image (RAFS v6)");
  EXPECT_EQ(image.asked.size(), 1U);
}

TEST(NydusImageReader, damaged_blob_is_noticed) {
  Image image;
  image.finish();
  std::string& blob = image.blobs.at(image.layers.front().digest);
  for (const std::size_t at : {std::size_t{10}, blob.size() / 2, blob.size() - 1}) {
    blob[at] = static_cast<char>(blob[at] ^ 1);
    EXPECT_NE(image.error(), "no error") << at;
    blob[at] = static_cast<char>(blob[at] ^ 1);
  }
}

TEST(NydusImageReader, wrong_diff_id_of_the_bootstrap_layer_is_refused) {
  Image image;
  image.finish();
  EXPECT_THROW(image.verify(hash::sha256(as_bytes("other"))), DigestMismatch);
}

TEST(NydusImageReader, damaged_bootstrap_layer_is_noticed) {
  Image image;
  image.finish();
  std::string& blob = image.blobs.at(image.layers.back().digest);
  blob[4] = static_cast<char>(blob[4] ^ 1);  // the time in the gzip header: no content
  EXPECT_NE(image.error().find("bootstrap layer"), std::string::npos) << image.error();
}

TEST(NydusImageReader, wrong_chunk_information_beside_the_bootstrap_is_refused) {
  Image image;
  image.meta_files.begin()->second[3] ^= 1;
  image.finish();
  EXPECT_NE(image.error().find("not that of the blob"), std::string::npos) << image.error();
}

TEST(NydusImageReader, chunk_information_as_the_reference_fails_to_write_it_is_accepted) {
  for (const int quirk : {0, 1, 2}) {
    Image image;
    std::string& file = image.meta_files.begin()->second;
    if (quirk == 0) file = file.substr(file.size() - 4096);  // the header alone, of lz4_block
    if (quirk == 1) file = file + file + file;               // a layer that occurs three times
    if (quirk == 2) image.meta_files.clear();                // made without
    image.finish();
    expect_files(image, image.verify());
  }
}

TEST(NydusImageReader, missing_bootstrap_is_named) {
  Image image;
  image.bootstrap_path.clear();
  image.finish();
  EXPECT_NE(image.error().find("image/image.boot"), std::string::npos) << image.error();
}

TEST(NydusImageReader, version_that_is_not_the_annotated_one_is_refused) {
  Image image;
  image.annotations[std::string(kFsVersionAnnotation)] = "5";
  image.finish();
  EXPECT_NE(image.error().find("its annotation says 5"), std::string::npos) << image.error();
}

TEST(NydusImageReader, blob_with_an_id_that_is_no_digest_is_refused) {
  Image image;
  image.rafs.blobs[0].id = std::string(64, 'x');
  image.finish();
  EXPECT_NE(image.error().find("no digest"), std::string::npos) << image.error();
}

TEST(NydusImageReader, layers_that_no_file_needs_any_more_are_verified) {
  Image image;
  HandMade other;
  other.files = {{"gone", sample_text(5000, 9)}};
  other.make();
  image.layers.insert(image.layers.begin(), image.add(kBlobMediaType, other.blob));
  image.finish();
  expect_files(image, image.verify());
  std::string& blob = image.blobs.at(image.layers.front().digest);
  blob[100] = static_cast<char>(blob[100] ^ 1);
  EXPECT_NE(image.error(), "no error");
}

TEST(NydusImageReader, image_is_unpacked_to_a_tar_of_its_files) {
  Image image;
  image.finish();
  io::MemorySink sink;
  unpack_image(image.layers, image.opener(), sink);
  io::MemoryStream stream(sink.view());
  tar::Reader tar(stream);
  std::vector<std::string> names;
  while (const tar::Entry* const entry = tar.next()) names.push_back(entry->name);
  EXPECT_EQ(names, (std::vector<std::string>{"etc/file", "etc/other"}));
  EXPECT_THROW(unpack_image({image.layers.front()}, image.opener(), sink), FormatError);
}

}  // namespace
}  // namespace accel::formats::nydus
