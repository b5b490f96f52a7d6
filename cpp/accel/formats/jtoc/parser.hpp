/// Reads TOC JSON front to back into values: no text and no tree is kept. Spec: estargz.md 5, zstdchunked.md 3.5.
#pragma once

#include <cstdint>

#include "accel/formats/jtoc/entry.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::jtoc {

struct ParseLimits {
  std::uint64_t max_bytes = 512ULL << 20U;
  std::uint64_t max_entries = 2'000'000;
};

struct ParsedToc {
  Toc toc;
  hash::Digest digest;           ///< SHA-256 of the JSON
  std::uint64_t bytes = 0;       ///< of the JSON
  bool ends_with_brace = false;  ///< nothing, not even white space, follows the document
};

/// Reads one document to the end of `json`. Keys count whatever their case, as in Go; unknown ones are skipped; null
/// is as absent. Throws FormatError naming entry and key on: text that is no JSON, wrong types, negative numbers,
/// unknown entry types, bad times, base64 or digests, a key that an object holds twice, an entry without name or type,
/// and beyond `limits`.
ParsedToc parse_toc(io::ByteStream& json, const ParseLimits& limits = {});

}  // namespace accel::formats::jtoc
