/// What a strict reader demands of a TOC before it trusts an offset in it. Spec: estargz.md 8.3, zstdchunked.md 3.5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/formats/jtoc/entry.hpp"

namespace accel::formats::jtoc {

/// Dialects differ in which members a data entry must have.
struct CheckRules {
  std::uint64_t data_end = 0;  ///< offset of the first byte that belongs to no file: the TOC
  /// eStargz and S dialect: every piece of content has a digest of its own (or is a whole file with `digest`).
  /// C dialect: every file with content has `digest`.
  bool digest_per_chunk = true;
  bool allow_inner_offset = true;  ///< eStargz and S dialect only
};

/// Throws FormatError naming the entry unless: version 1; clean names unique and without `..`; chunks follow their
/// file, are contiguous from 0 and sum up to its size; offsets inside [0, data_end) and ascending in TOC order, none
/// used twice; hardlink targets exist, are no directories and form no circle; digests are there as `rules` demand.
void check_toc(const Toc& toc, const CheckRules& rules);

/// One piece of a file's content.
struct Chunk {
  std::uint64_t offset = 0;        ///< of its member or frame in the blob
  std::uint64_t inner_offset = 0;  ///< of its first byte in the decompressed member
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;
  std::uint64_t end_offset = 0;  ///< C dialect: where its frames end; 0 when not said
  hash::Digest digest;           ///< may be empty (C dialect)
  bool zeros = false;
};

/// The pieces of the regular file at `entries[index]`, in order; none when it is empty. Of a checked TOC.
std::vector<Chunk> chunks_of(const Toc& toc, std::size_t index);

/// Offsets, ascending and distinct, at which a gzip member or zstd frame must begin, 0 first. Of a checked TOC.
std::vector<std::uint64_t> unit_offsets(const Toc& toc);

/// Clean path → index of the entry that is no chunk.
using NameMap = std::unordered_map<std::string, std::size_t>;

/// Throws FormatError when a name is unsafe or occurs twice.
NameMap map_names(const Toc& toc);

/// The entry with this clean path, hardlinks followed to the entry that has the content; its index, or entries.size()
/// when there is none. Of a checked TOC.
std::size_t find_file(const Toc& toc, const NameMap& names, std::string_view clean_path);

}  // namespace accel::formats::jtoc
