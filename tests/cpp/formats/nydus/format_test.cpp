#include "accel/formats/nydus/format.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/layer_part.hpp"
#include "accel/formats/nydus/options.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "formats/encode_layer.hpp"
#include "formats/nydus/converted_image.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using formats::testing::encode_layer;
using formats::testing::EncodedLayer;
using formats::testing::random_bytes;
using testing::convert;
using testing::Image;

std::unique_ptr<Format> make(const OptionValues& values = {}) { return format_info().make(values); }

std::string lower() { return TarBuilder().directory("d").file("d/a", "first").file("gone", "x").text(); }
std::string upper() { return TarBuilder().file("d/b", random_bytes(9000, 1)).file(".wh.gone").text(); }

TEST(NydusFormat, says_what_it_needs) {
  const Capabilities native = make()->capabilities();
  EXPECT_TRUE(native.needs_oci);
  EXPECT_TRUE(native.image_layer);
  EXPECT_FALSE(native.keeps_diff_ids);
  EXPECT_FALSE(native.wants_boundaries);
  EXPECT_TRUE(make({{"oci_ref", "true"}})->capabilities().wants_boundaries);
  EXPECT_TRUE(make({{"with_referrer", "true"}})->image_options().with_referrer);
  EXPECT_EQ(make({{"chunk_dict_ref", "r.example/d:1"}})->dictionary_image(), "r.example/d:1");
}

TEST(NydusFormat, every_option_that_changes_output_changes_the_fingerprint) {
  const std::string plain = make()->fingerprint();
  const std::map<std::string, OptionValues> changes = {
      {"fs_version", {{"fs_version", "5"}}},
      {"rafs_version", {{"rafs_version", "5"}}},
      {"compressor", {{"compressor", "lz4_block"}}},
      {"rafs_compressor", {{"rafs_compressor", "none"}}},
      {"compression_level", {{"compression_level", "9"}}},
      {"digester", {{"digester", "sha256"}}},
      {"fs_chunk_size", {{"fs_chunk_size", "0x2000"}}},
      {"fs_align_chunk", {{"fs_align_chunk", "true"}}},
      {"batch_size", {{"batch_size", "4096"}}},
      {"prefetch_patterns", {{"prefetch_patterns", "/etc"}}},
      {"chunk_dict_ref", {{"chunk_dict_ref", "r.example/d:1"}}},
      {"oci_ref", {{"oci_ref", "true"}}},
      {"oci_ref_zstd", {{"oci_ref", "true"}, {"oci_ref_zstd", "native"}}},
      {"encrypt_recipients", {{"encrypt_recipients", "jwe:key.pem"}}},
  };
  for (const OptionField& field : option_table()) {
    if (!field.changes_output) continue;
    ASSERT_TRUE(changes.contains(std::string(field.name))) << field.name;
    EXPECT_NE(make(changes.at(std::string(field.name)))->fingerprint(), plain) << field.name;
  }
  EXPECT_NE(make({{"oci_ref", "true"}})->fingerprint(),
            make({{"oci_ref", "true"}, {"oci_ref_zstd", "native"}})->fingerprint());
  EXPECT_EQ(make({{"docker2oci", "true"}, {"merge_manifest", "true"}, {"builder", "x"}})->fingerprint(), plain);
  EXPECT_NE(plain.find("libzstd-"), std::string::npos);
}

TEST(NydusFormat, layers_of_every_kind_become_blobs) {
  EXPECT_EQ(make()->layer_media_type("application/vnd.oci.image.layer.v1.tar+zstd"),
            "application/vnd.oci.image.layer.nydus.blob.v1");
  EXPECT_EQ(make()->layer_media_type("application/vnd.docker.image.rootfs.diff.tar.gzip"),
            "application/vnd.oci.image.layer.nydus.blob.v1");
  EXPECT_THROW(static_cast<void>(make()->layer_media_type("text/plain")), UnsupportedError);
}

TEST(NydusFormat, converted_layers_are_known_by_type_and_annotations) {
  oci::Descriptor layer = encode_layer(*make(), lower()).descriptor();
  EXPECT_TRUE(make()->is_converted(layer));
  EXPECT_FALSE(make({{"oci_ref", "true"}})->is_converted(layer));
  EXPECT_FALSE(make({{"encrypt_recipients", "jwe:k"}})->is_converted(layer));
  layer.annotations["containerd.io/snapshot/nydus-ref"] = "sha256:00";
  EXPECT_FALSE(make()->is_converted(layer));
  EXPECT_TRUE(make({{"oci_ref", "true"}})->is_converted(layer));
  layer.annotations.clear();
  EXPECT_FALSE(make()->is_converted(layer));
}

TEST(NydusFormat, images_get_a_layer_with_the_merged_tree) {
  for (const char* version : {"5", "6"}) {
    const Image image = convert(*make({{"fs_version", version}}), {lower(), upper()});
    EXPECT_EQ(image.result.layer.media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
    EXPECT_EQ(image.result.layer.annotations, (oci::Annotations{{"containerd.io/snapshot/nydus-bootstrap", "true"},
                                                                {"containerd.io/snapshot/nydus-fs-version", version}}));
    EXPECT_EQ(image.result.layer.diff_id, hash::sha256(as_bytes(image.tar())));
    EXPECT_EQ(image.result.layer.uncompressed_size, image.tar().size());
    EXPECT_EQ(image.result.created_by, "Nydus Converter");
    EXPECT_EQ(image.result.comment, "Nydus Bootstrap Layer");
    EXPECT_TRUE(image.result.foreign_blobs.empty());
    const oci::Annotations& manifest = image.result.manifest_annotations;
    EXPECT_EQ(manifest.at("containerd.io/snapshot/nydus-source-digest"),
              hash::sha256(as_bytes("manifest")).to_string());
    EXPECT_EQ(manifest.at("containerd.io/snapshot/nydus-source-reference"), "registry.example/image:1");
    EXPECT_EQ(manifest.at("containerd.io/snapshot/nydus-fs-version"), version);
    EXPECT_TRUE(manifest.at("containerd.io/snapshot/nydus-builder-version").starts_with("acceleration-service "));

    const auto reader = open_image(image.descriptors(), image.opener(), {});
    ASSERT_TRUE(reader);
    formats::testing::Listing listing;
    reader->verify(listing, image.result.layer.diff_id, {});
    EXPECT_EQ(listing.order, (std::vector<std::string>{"", "d", "d/a", "d/b"}));
    EXPECT_EQ(listing.digest("d/b"), hash::sha256(as_bytes(random_bytes(9000, 1))).to_string());
  }
}

TEST(NydusFormat, blob_meta_files_stand_beside_the_bootstrap_of_version_6) {
  const Image image = convert(*make(), {lower(), TarBuilder().directory("no-data").text(), lower()});
  const std::string tar = image.tar();
  io::MemoryStream stream(as_bytes(tar));
  tar::Reader reader(stream);
  std::vector<std::string> names;
  while (const tar::Entry* entry = reader.next()) names.push_back(tar::clean_path(entry->name));
  EXPECT_EQ(names, (std::vector<std::string>{"image", "image/image.boot",
                                             "image/" + hash::sha256(image.layers[0].blob).hex() + ".blob.meta"}));
}

TEST(NydusFormat, prefetch_is_everything_unless_options_say_otherwise) {
  const auto prefetch = [](const OptionValues& options) {
    const Image image = convert(*make(options), {lower()});
    const std::string tar = image.tar();
    const std::size_t size = std::stoul(tar.substr(512 + 124, 11), nullptr, 8);
    return read_bootstrap(as_bytes(tar).subspan(1024, size)).prefetch;
  };
  EXPECT_EQ(prefetch({}), (std::vector<std::string>{"/"}));
  EXPECT_EQ(prefetch({{"prefetch_patterns", "/d/a\n/missing"}}), (std::vector<std::string>{"/d/a"}));
}

TEST(NydusFormat, notes_about_options_come_once_an_image) {
  EXPECT_EQ(convert(*make({{"builder", "/usr/bin/nydus-image"}}), {lower(), upper()}).notes.size(), 1U);
}

TEST(NydusFormat, parts_are_read_back_from_blobs) {
  const OptionValues variants[] = {
      {},
      {{"fs_version", "5"}},
      {{"compressor", "none"}, {"digester", "sha256"}},
      {{"compressor", "lz4_block"}},
      {{"compressor", "gzip"}},
      {{"batch_size", "4096"}},
      {{"encrypt_recipients", "jwe:k"}},
  };
  const auto meta_file = [](const NydusPart& part) {
    io::MemorySink sink;
    if (!part.meta.empty()) write_meta_file(part.meta, sink);
    return to_bytes(sink.view());
  };
  for (const OptionValues& options : variants) {
    const auto format = make(options);
    for (const std::string& tar : {lower(), upper(), std::string()}) {
      const EncodedLayer layer = encode_layer(*format, tar);
      io::MemorySource source{ByteView(layer.blob)};
      const auto read = format->read_part(layer.descriptor(), source);
      const auto& part = dynamic_cast<const NydusPart&>(*read);
      const auto& original = dynamic_cast<const NydusPart&>(*layer.result.part);
      EXPECT_EQ(to_bytes(part.bootstrap.view()), to_bytes(original.bootstrap.view()));
      EXPECT_EQ(meta_file(part), meta_file(original));
      EXPECT_EQ(part.toc_digest, original.toc_digest);
      EXPECT_EQ(part.toc_size, original.toc_size);
    }
  }
  io::MemorySource nothing{Bytes(2000)};
  EXPECT_THROW(static_cast<void>(make()->read_part({}, nothing)), FormatError);
}

TEST(NydusFormat, dictionaries_save_what_they_hold_and_their_blobs_are_named) {
  const Image base = convert(*make(), {lower(), upper()});
  const auto format = make({{"chunk_dict_ref", "r.example/base:1"}});
  const std::string before = format->fingerprint();
  const std::string tar = base.tar();
  io::MemoryStream stream(as_bytes(tar));
  format->set_dictionary(stream, base.descriptors());
  EXPECT_NE(format->fingerprint(), before);
  const Image image = convert(*format, {TarBuilder().file("copy", random_bytes(9000, 1)).file("new", "new").text()});
  EXPECT_LT(image.layers[0].blob.size(), 8000U);
  ASSERT_EQ(image.result.foreign_blobs.size(), 1U);
  EXPECT_EQ(image.result.foreign_blobs[0], base.descriptors()[1]);
}

TEST(NydusFormat, dictionaries_must_fit) {
  const Image base = convert(*make(), {lower()});
  const std::string tar = base.tar();
  for (const OptionValues& options : {OptionValues{{"fs_chunk_size", "0x2000"}}, OptionValues{{"fs_version", "5"}}}) {
    io::MemoryStream stream(as_bytes(tar));
    EXPECT_THROW(make(options)->set_dictionary(stream, base.descriptors()), ConfigError);
  }
}

TEST(NydusFormat, zstd_layers_are_refused_or_converted_with_oci_ref) {
  ThreadPool pool(1);
  MemoryBudget budget(1U << 20U);
  EncodeContext context = formats::testing::make_context(pool, budget);
  context.source_compression = codec::Compression::zstd;
  std::vector<std::string> notes;
  context.note = [&](std::string note) { notes.push_back(std::move(note)); };
  oci::Descriptor source;
  source.media_type = oci::kOciLayerZstd;
  source.digest = hash::sha256({});
  io::MemorySink sink;
  EXPECT_THROW(static_cast<void>(make({{"oci_ref", "true"}})->encode(source, sink, context)), UnsupportedError);
  const auto format = make({{"oci_ref", "true"}, {"oci_ref_zstd", "native"}});
  const LayerResult result = formats::testing::feed(*format->encode(source, sink, context), lower());
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_FALSE(result.annotations.contains("containerd.io/snapshot/nydus-ref"));
}

}  // namespace
}  // namespace accel::formats::nydus
