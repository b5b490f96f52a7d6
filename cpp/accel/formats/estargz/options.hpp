/// Options of the driver `estargz`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/option_field.hpp"

namespace accel::formats::estargz {

/// The reference's driver makes both from one name: service.md section 1.
enum class Variant : unsigned char { estargz, zstdchunked };

struct Options {
  Variant compression = Variant::estargz;
  /// 0 to 12 as libdeflate, or 1 to 22 as zstd with `zstdchunked`. Default: the codec's default below.
  std::optional<int> compression_level;
  std::uint64_t chunk_size = kDefaultChunkSize;  ///< bytes of content in one chunk
  std::uint64_t min_chunk_size = 0;              ///< compressed bytes a gzip member should have; 0: no minimum
  std::vector<std::string> prioritized_files;    ///< in order of need; paths inside the image
  bool external_toc = false;
  bool keep_diff_id = false;
};

/// Smaller than the reference's level 9 at ten times its speed (dependencies.md section 2).
inline constexpr int kDefaultGzipLevel = 6;

const OptionTable& option_table();

/// Throws ConfigError naming the option.
Options parse_options(const OptionValues& values);

/// Option `chunk_size`, in which 0 stands for the default as in the reference. Throws ConfigError.
std::uint64_t parse_chunk_size(const OptionReader& reader);

/// The lines of `prioritized_files`: paths, or records of `ctr-remote optimize` (JSON objects with `path`), which may
/// be mixed. Each path once, first place first. Throws ConfigError. Spec: estargz.md section 12, "Record file".
std::vector<std::string> parse_prioritized_files(const std::vector<std::string>& lines);

}  // namespace accel::formats::estargz
