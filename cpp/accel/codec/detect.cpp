#include <algorithm>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/codec/magic.hpp"

namespace accel::codec {

std::string_view to_string(Compression compression) noexcept {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::gzip:
      return "gzip";
    case Compression::zstd:
      return "zstd";
  }
  return "unknown";
}

Compression parse_compression(std::string_view name) {
  for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
    if (name == to_string(compression)) return compression;
  }
  throw ConfigError("there is no compression \"" + std::string(name) + "\"", "want none, gzip or zstd");
}

Compression detect(ByteView head) noexcept {
  if (head.size() >= kGzipMagic.size() && std::equal(kGzipMagic.begin(), kGzipMagic.end(), head.begin())) {
    return Compression::gzip;
  }
  if (head.size() >= 4 && is_zstd_magic(load_le<std::uint32_t>(head.data()))) return Compression::zstd;
  return Compression::none;
}

}  // namespace accel::codec
