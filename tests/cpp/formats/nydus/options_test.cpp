#include "accel/formats/nydus/options.hpp"

#include <gtest/gtest.h>

#include <string>

#include "accel/base/error.hpp"

namespace accel::formats::nydus {
namespace {

using Strings = std::vector<std::string>;

/// The error for these values; "" when they are accepted.
std::string error_of(const OptionValues& values) {
  try {
    parse_options(values);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(NydusOptions, defaults_are_those_of_the_reference) {
  const Options options = parse_options({});
  EXPECT_EQ(options.fs_version, FsVersion::v6);
  EXPECT_EQ(options.compressor, Compressor::zstd);
  EXPECT_EQ(level_of(options), 3);
  EXPECT_EQ(options.digester, Digester::blake3);
  EXPECT_EQ(options.chunk_size, 1U << 20U);
  EXPECT_EQ(options.batch_size, 0U);
  EXPECT_FALSE(options.encrypt);
  EXPECT_FALSE(options.oci_ref);
  EXPECT_EQ(options.prefetch_patterns, (Strings{"/"}));
  EXPECT_TRUE(options.notes.empty());
}

TEST(NydusOptions, every_option_is_taken) {
  const Options options = parse_options({{"fs_version", "6"},
                                         {"compressor", "lz4_block"},
                                         {"compression_level", "9"},
                                         {"digester", "sha256"},
                                         {"fs_chunk_size", "0x2000"},
                                         {"batch_size", "4096"},
                                         {"prefetch_patterns", "/etc\n /usr/bin \n"},
                                         {"chunk_dict_ref", "registry.example/dict:1"},
                                         {"merge_manifest", "yes"},
                                         {"docker2oci", "true"},
                                         {"with_referrer", "on"},
                                         {"encrypt_recipients", "jwe:a.pem, pgp:b@c ,"},
                                         {"backend_type", "s3"},
                                         {"backend_config", "{}"},
                                         {"backend_force_push", "1"},
                                         {"work_dir", "/tmp"},
                                         {"builder", "nydus-image"}});
  EXPECT_EQ(options.compressor, Compressor::lz4_block);
  EXPECT_EQ(level_of(options), 9);
  EXPECT_EQ(options.digester, Digester::sha256);
  EXPECT_EQ(options.chunk_size, 8192U);
  EXPECT_EQ(options.batch_size, 4096U);
  EXPECT_EQ(options.prefetch_patterns, (Strings{"/etc", "/usr/bin"}));
  EXPECT_EQ(options.chunk_dict_ref, "registry.example/dict:1");
  EXPECT_TRUE(options.image.merge_manifest);
  EXPECT_TRUE(options.image.docker_to_oci);
  EXPECT_TRUE(options.image.with_referrer);
  EXPECT_TRUE(options.encrypt);
  EXPECT_EQ(options.image.encrypt_recipients, (Strings{"jwe:a.pem", "pgp:b@c"}));
  EXPECT_EQ(options.image.backend_type, "s3");
  EXPECT_EQ(options.image.backend_config, "{}");
  EXPECT_TRUE(options.image.backend_force_push);
  EXPECT_EQ(options.notes.size(), 2U);
}

TEST(NydusOptions, old_names_count_unless_the_new_ones_are_there) {
  EXPECT_EQ(parse_options({{"rafs_version", "5"}}).fs_version, FsVersion::v5);
  EXPECT_EQ(parse_options({{"rafs_version", "5"}, {"fs_version", "6"}}).fs_version, FsVersion::v6);
  EXPECT_EQ(parse_options({{"rafs_compressor", "none"}}).compressor, Compressor::none);
  EXPECT_EQ(parse_options({{"rafs_compressor", "none"}, {"compressor", "gzip"}}).compressor, Compressor::gzip);
}

TEST(NydusOptions, levels_follow_the_compressor) {
  EXPECT_EQ(level_of(parse_options({{"compressor", "gzip"}})), 6);
  EXPECT_EQ(level_of(parse_options({{"compressor", "lz4_block"}})), 1);
  EXPECT_EQ(level_of(parse_options({{"compressor", "none"}})), 0);
  EXPECT_EQ(level_of(parse_options({{"compression_level", "22"}})), 22);
  EXPECT_NE(error_of({{"compressor", "gzip"}, {"compression_level", "22"}}), "");
  EXPECT_NE(error_of({{"compressor", "none"}, {"compression_level", "1"}}), "");
}

TEST(NydusOptions, errors_name_the_option) {
  const std::pair<const char*, const char*> bad[] = {
      {"fs_version", "7"},
      {"rafs_version", "4"},
      {"compressor", "lz4"},
      {"rafs_compressor", "xz"},
      {"compression_level", "0"},
      {"fs_chunk_size", "0"},
      {"fs_chunk_size", "5000"},
      {"fs_chunk_size", "2048"},
      {"fs_chunk_size", "0x2000000"},
      {"fs_chunk_size", "1 MiB"},
      {"batch_size", "1024"},
      {"batch_size", "0x200000"},
      {"batch_size", "-1"},
      {"fs_align_chunk", "maybe"},
      {"digester", "md5"},
      {"oci_ref", "2"},
      {"oci_ref_zstd", "yes"},
      {"merge_manifest", ""},
      {"docker2oci", "x"},
      {"with_referrer", "x"},
      {"backend_type", "ftp"},
      {"backend_force_push", "x"},
      {"fs_chunksize", "4096"},
  };
  for (const auto& [name, value] : bad) {
    const std::string error = error_of({{name, value}});
    EXPECT_NE(error.find(name), std::string::npos) << name << "=" << value << ": " << error;
  }
}

TEST(NydusOptions, what_excludes_each_other_is_refused) {
  const OptionValues bad[] = {
      {{"fs_version", "5"}, {"batch_size", "4096"}},
      {{"fs_version", "5"}, {"encrypt_recipients", "jwe:a"}},
      {{"fs_version", "5"}, {"oci_ref", "true"}},
      {{"oci_ref", "true"}, {"encrypt_recipients", "jwe:a"}},
      {{"oci_ref", "true"}, {"docker2oci", "false"}},
      {{"oci_ref", "true"}, {"backend_type", "s3"}, {"backend_config", "{}"}},
      {{"oci_ref_zstd", "native"}},
      {{"backend_type", "s3"}},
      {{"fs_chunk_size", "4096"}, {"batch_size", "8192"}},
  };
  for (const OptionValues& values : bad) EXPECT_NE(error_of(values), "") << values.begin()->first;
}

TEST(NydusOptions, references_need_oci_manifests) {
  const Options options = parse_options({{"oci_ref", "true"}});
  EXPECT_TRUE(options.oci_ref);
  EXPECT_TRUE(options.image.docker_to_oci);
  EXPECT_EQ(options.oci_ref_zstd, ZstdSource::refuse);
  EXPECT_EQ(parse_options({{"oci_ref", "true"}, {"oci_ref_zstd", "native"}}).oci_ref_zstd, ZstdSource::native);
}

TEST(NydusOptions, options_without_effect_are_noted) {
  EXPECT_EQ(parse_options({{"oci_ref", "true"}, {"compressor", "none"}, {"batch_size", "4096"}}).notes.size(), 2U);
  EXPECT_TRUE(parse_options({{"oci_ref", "true"}, {"oci_ref_zstd", "native"}, {"compressor", "none"}}).notes.empty());
  EXPECT_EQ(parse_options({{"fs_align_chunk", "true"}}).notes.size(), 1U);
  EXPECT_TRUE(parse_options({{"fs_align_chunk", "true"}, {"fs_version", "5"}}).notes.empty());
}

}  // namespace
}  // namespace accel::formats::nydus
