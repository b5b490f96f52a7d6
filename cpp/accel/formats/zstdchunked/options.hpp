/// Options of the driver `zstdchunked`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "accel/formats/estargz/layout.hpp"
#include "accel/formats/option_field.hpp"

namespace accel::formats::zstdchunked {

/// Whose reader the layers are for: zstdchunked.md, head and section 9.
enum class Dialect : unsigned char { stargz, containers, joint };

/// Which annotations a joint layer gets; one descriptor cannot have both (zstdchunked.md 8.2).
enum class Publish : unsigned char { both, stargz, containers };

inline constexpr int kDefaultLevel = 3;

struct Options {
  Dialect dialect = Dialect::stargz;
  Publish publish = Publish::both;
  int compression_level = kDefaultLevel;
  std::uint64_t chunk_size = estargz::kDefaultChunkSize;  ///< S dialect only
  std::vector<std::string> prioritized_files;             ///< S dialect only
};

/// Data chunks and holes of the C dialect and of joint layers are cut at this size: stargz-snapshotter reads and
/// verifies whole chunks, and a worker holds one in memory.
inline constexpr std::uint64_t kMaxChunk = 4U << 20U;

const OptionTable& option_table();

/// Throws ConfigError naming the option.
Options parse_options(const OptionValues& values);

}  // namespace accel::formats::zstdchunked
