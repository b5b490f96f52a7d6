/// A TOC entry on its way through a UnitPipeline, before offsets and digests are known.
#pragma once

#include <cstddef>
#include <cstdint>

#include "accel/formats/jtoc/entry.hpp"

namespace accel::formats {

struct TocRecord {
  static constexpr std::size_t kNoChunk = SIZE_MAX;

  jtoc::Entry entry;
  std::size_t chunk = kNoChunk;  ///< its content in Batch::chunks
  bool last = true;              ///< the last piece of its file
  hash::Digest file_digest;      ///< on the last piece of a file that has several
};

}  // namespace accel::formats
