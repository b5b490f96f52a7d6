/// Options of the driver `nydus`. Spec: service.md 1, nydus-blob.md 1 and 2.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accel/formats/format.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/option_field.hpp"

namespace accel::formats::nydus {

/// What `oci_ref` does with a zstd layer, which no reader can index.
enum class ZstdSource : std::uint8_t { refuse, native };

struct Options {
  FsVersion fs_version = FsVersion::v6;
  Compressor compressor = Compressor::zstd;
  std::optional<int> compression_level;  ///< nothing: the compressor's default (nydus-blob.md 5.2)
  Digester digester = Digester::blake3;
  std::uint32_t chunk_size = kDefaultChunkSize;
  std::uint32_t batch_size = 0;  ///< 0: small chunks are stored each for itself
  bool align_chunks = false;     ///< v5: uncompressed addresses are multiples of 4096, as in v6 always
  std::vector<std::string> prefetch_patterns = {"/"};
  std::string chunk_dict_ref;
  bool oci_ref = false;
  ZstdSource oci_ref_zstd = ZstdSource::refuse;
  bool encrypt = false;            ///< chunks and their index are encrypted; follows from encrypt_recipients
  ImageOptions image;              ///< what the caller does
  std::vector<std::string> notes;  ///< about options that are accepted and have no effect
};

const OptionTable& option_table();

/// Throws ConfigError naming the option.
Options parse_options(const OptionValues& values);

/// The level that `options` compresses with; 0 for compressors without levels.
int level_of(const Options& options);

}  // namespace accel::formats::nydus
