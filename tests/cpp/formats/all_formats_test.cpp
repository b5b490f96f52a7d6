#include "accel/formats/all_formats.hpp"

#include <gtest/gtest.h>

#include <set>

#include "accel/base/error.hpp"
#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats {
namespace {

TEST(AllFormats, names_and_options_are_unique_and_described) {
  std::set<std::string_view> names;
  for (const FormatInfo& format : all_formats()) {
    EXPECT_TRUE(names.insert(format.name).second) << format.name;
    EXPECT_FALSE(format.description.empty()) << format.name;
    std::set<std::string_view> options;
    for (const OptionField& field : *format.options) {
      EXPECT_TRUE(options.insert(field.name).second) << field.name;
      EXPECT_FALSE(field.help.empty()) << field.name;
      EXPECT_TRUE(field.help.ends_with('.')) << field.name;
    }
    EXPECT_EQ(make_format(format.name, {})->name(), format.name);
  }
}

TEST(AllFormats, documented_defaults_are_the_real_ones) {
  for (const FormatInfo& format : all_formats()) {
    const std::string plain = make_format(format.name, {})->fingerprint();
    for (const OptionField& field : *format.options) {
      if (field.default_text.empty() || field.name == "publish") continue;  // publish needs another dialect
      // "6 (zstdchunked: 3)" → "6"
      const std::string text(field.default_text.substr(0, field.default_text.find(' ')));
      EXPECT_EQ(make_format(format.name, {{std::string(field.name), text}})->fingerprint(), plain) << field.name;
    }
  }
}

TEST(AllFormats, unknown_drivers_suggest_the_nearest) {
  try {
    make_format("stargz", {});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"estargz\"?"), std::string::npos) << error.what();
  }
}

TEST(OpenLayer, ordinary_layers_are_read_whatever_their_compression) {
  const std::string tar =
      accel::testing::TarBuilder().file("a", "content").file("stargz.index.json", "{}").end().text();
  Buffer gzip;
  codec::make_gzip_encoder(6)->encode(as_bytes(tar), gzip);
  Buffer zstd;
  codec::make_zstd_encoder(3)->encode(as_bytes(tar), zstd);
  const std::pair<std::string, ByteView> blobs[] = {
      {"tar", as_bytes(tar)}, {"tar+gzip", gzip.view()}, {"tar+zstd", zstd.view()}};
  for (const auto& [format, blob] : blobs) {
    oci::Descriptor layer;
    layer.media_type = oci::kOciLayer;  // says nothing about what the bytes are
    layer.digest = hash::sha256(blob);
    const auto reader = open_layer(layer, std::make_shared<io::MemorySource>(to_bytes(blob)));
    EXPECT_EQ(reader->summary().format, format);
    const auto listing = testing::verify(*reader, hash::sha256(as_bytes(tar)));
    // What a format once added is no content.
    EXPECT_EQ(listing.order, (std::vector<std::string>{"a"}));
    EXPECT_EQ(listing.digest("a"), hash::sha256(as_bytes("content")).to_string());
    EXPECT_EQ(testing::list(*reader).order.size(), 1U);
    EXPECT_THROW(testing::verify(*reader, hash::sha256({})), DigestMismatch);
    std::byte out{};
    EXPECT_THROW(reader->read_file("a", 0, {&out, 1}), UnsupportedError);
    layer.digest = hash::sha256({});
    EXPECT_THROW(testing::verify(*open_layer(layer, std::make_shared<io::MemorySource>(to_bytes(blob)))),
                 DigestMismatch);
  }
}

TEST(OpenLayer, an_empty_blob_is_an_empty_layer) {
  EXPECT_TRUE(testing::verify(*open_layer({}, std::make_shared<io::MemorySource>(Bytes()))).order.empty());
}

TEST(OpenLayer, annotations_that_the_blob_does_not_keep_are_an_error) {
  const std::string tar = accel::testing::TarBuilder().file("a", "content").end().text();
  Buffer gzip;
  codec::make_gzip_encoder(6)->encode(as_bytes(tar), gzip);
  Buffer zstd;
  codec::make_zstd_encoder(3)->encode(as_bytes(tar), zstd);
  oci::Descriptor stargz;
  stargz.annotations = {{"containerd.io/snapshot/stargz/toc.digest", "sha256:00"}};
  oci::Descriptor containers;
  containers.annotations = {{"io.github.containers.zstd-chunked.manifest-checksum", "sha256:00"},
                            {"io.github.containers.zstd-chunked.manifest-position", "10:10:10:1"}};
  oci::Descriptor both = stargz;
  both.annotations.insert(containers.annotations.begin(), containers.annotations.end());
  const auto open = [](const oci::Descriptor& layer, const Buffer& blob) {
    return open_layer(layer, std::make_shared<io::MemorySource>(to_bytes(blob.view())));
  };
  EXPECT_THROW(open(stargz, gzip), FormatError);
  EXPECT_THROW(open(stargz, zstd), FormatError);
  EXPECT_THROW(open(containers, zstd), FormatError);
  EXPECT_THROW(open(both, zstd), FormatError);
}

}  // namespace
}  // namespace accel::formats
