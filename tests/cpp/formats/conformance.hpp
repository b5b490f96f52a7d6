/// What all formats are tested with: option variants and layers.
#pragma once

#include <string>
#include <vector>

#include "formats/encode_layer.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::testing {

struct Variant {
  std::string driver;
  OptionValues options;
  [[nodiscard]] std::string name() const {
    std::string text = driver;
    for (const auto& [key, value] : options) text += " " + key + "=" + value;
    return text;
  }
};

/// At least one for each driver, and one for each way bytes can be laid out.
inline std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const FormatInfo& format : all_formats()) all.push_back({std::string(format.name), {}});
  const std::vector<Variant> more = {
      {"estargz", {{"chunk_size", "1000"}, {"compression_level", "1"}}},
      {"estargz", {{"min_chunk_size", "3000"}}},
      {"estargz", {{"prioritized_files", "dir/file-3\nlarge"}}},
      {"estargz", {{"external_toc", "true"}}},
      {"estargz", {{"external_toc", "true"}, {"keep_diff_id", "true"}}},
      {"estargz", {{"compression", "zstdchunked"}, {"chunk_size", "70000"}}},
      {"zstdchunked", {{"prioritized_files", "large"}, {"compression_level", "1"}}},
      {"zstdchunked", {{"dialect", "containers"}}},
      {"zstdchunked", {{"dialect", "joint"}}},
      {"nydus", {{"fs_version", "5"}}},
      {"nydus", {{"fs_version", "5"}, {"fs_align_chunk", "true"}, {"compressor", "none"}}},
      {"nydus", {{"compressor", "lz4_block"}, {"digester", "sha256"}, {"fs_chunk_size", "0x10000"}}},
      {"nydus", {{"compressor", "gzip"}}},
      {"nydus", {{"batch_size", "4096"}, {"fs_chunk_size", "4096"}}},
      {"nydus", {{"encrypt_recipients", "jwe:key.pem"}, {"batch_size", "65536"}}},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// True when the converted tar stream is the source's, byte for byte.
inline bool keeps_stream(const Variant& variant) {
  return make_format(variant.driver, variant.options)->capabilities().keeps_diff_ids;
}

/// True when the converted layer is a tar stream, compressed: entries keep their order, names as written, and links.
/// What else there is keeps trees of files.
inline bool is_tar_stream(const Variant& variant) { return variant.driver != "nydus"; }

/// Encryption takes a new key each time.
inline bool is_repeatable(const Variant& variant) { return !variant.options.contains("encrypt_recipients"); }

/// A layer with a bit of everything; about 700 KB.
inline std::string mixed_layer() {
  accel::testing::TarBuilder builder;
  builder.directory("./").directory("dir/", 01777);
  for (int i = 0; i < 40; ++i) {
    builder.file("dir/file-" + std::to_string(i), random_bytes(static_cast<std::size_t>(i) * 97, 3));
  }
  builder.file("empty").file("large", random_bytes(300000, 1) + std::string(90000, '\0') + random_bytes(200000, 2));
  builder.symlink("link", "dir/file-1").hardlink("dir/hard", "large").device("null", '3', 1, 3).fifo("pipe");
  builder.pax({{"mtime", "1.75"}, {"SCHILY.xattr.user.a", "x=\ny"}}).file("attributes", "content");
  builder.file(".wh.gone").file("opaque/.wh..wh..opq").gnu_long_name(std::string(200, 'n')).file("n", "long");
  return builder.end().text();
}

/// Layers at the edges of what there can be.
struct NamedLayer {
  const char* name;
  std::string tar;
};
inline std::vector<NamedLayer> edge_layers() {
  using accel::testing::TarBuilder;
  TarBuilder many;
  for (int i = 0; i < 10000; ++i) many.file("d" + std::to_string(i % 50) + "/f" + std::to_string(i));
  return {
      {"no bytes", ""},
      {"end of archive only", TarBuilder().end().text()},
      {"no end of archive", TarBuilder().file("a", "x").text()},
      {"root only", TarBuilder().directory("./").end().text()},
      {"empty file at the end", TarBuilder().file("a", "x").file("b").end().text()},
      {"one block exactly", TarBuilder().file("a", std::string(512, 'x')).end().text()},
      {"chunk size exactly", TarBuilder().file("a", random_bytes(3000, 9)).end().text()},
      {"megabytes of end", TarBuilder().file("a", "x").zero_blocks(5000).text()},
      {"10,000 empty files", many.end().text()},
      {"was eStargz",
       TarBuilder().file(".no.prefetch.landmark", "\x0f").file("a", "x").file("x/.prefetch.landmark").end().text()},
  };
}

}  // namespace accel::formats::testing
