/// zstd:chunked as one entry of the list of formats.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/formats/format.hpp"

namespace accel::formats::zstdchunked {

FormatInfo format_info();

/// The S dialect under any driver name: the reference's driver `estargz` makes it with `compression: zstdchunked`.
std::unique_ptr<Format> make_stargz_format(std::string_view name, std::optional<int> level, std::uint64_t chunk_size,
                                           std::vector<std::string> prioritized_files);

}  // namespace accel::formats::zstdchunked
