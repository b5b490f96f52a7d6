/// Sparse files: files stored without their holes. Four kinds exist: type 'S' of old GNU tar, whose map is in the
/// header and in blocks after it, and GNU's PAX kinds 0.0 and 0.1 (map in the records) and 1.0 (map in front of the
/// payload). GNU tar manual, "Storing Sparse Files".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/pax.hpp"

namespace accel::tar {

/// A piece of a sparse file that is stored; in bytes of the expanded file.
struct SparseSegment {
  std::uint64_t offset = 0, size = 0;
  friend bool operator==(const SparseSegment&, const SparseSegment&) = default;
};

using SparseMap = std::vector<SparseSegment>;

/// What PAX records say about a sparse file.
struct PaxSparse {
  std::string_view name;                   ///< of the file; empty when the entry has its own
  std::optional<std::uint64_t> real_size;  ///< of the expanded file
  bool map_in_payload = false;             ///< format 1.0
  SparseMap map;                           ///< formats 0.0 and 0.1
};

/// The sparse description in `records`, or nothing when there is none. Throws UnsupportedError for an unknown version,
/// FormatError (without position) for bad numbers or a count that is not that of the map.
std::optional<PaxSparse> parse_pax_sparse(const PaxRecords& records);

/// Appends the segments of an array of number pairs in a GNU header or extension block. An unused pair ends it.
/// Throws FormatError (without position) on a bad number.
void append_gnu_segments(Block block, Field array, SparseMap& map);

/// Where an extension block of type 'S' has its pairs, and whether another block follows (a byte that is not NUL).
inline constexpr Field kExtensionArray{0, 504}, kExtensionIsExtended{504, 1};

/// Reads the map of format 1.0: decimal numbers, each followed by a newline: count, then offset and size of each.
class SparseMapReader {
 public:
  /// Takes the next block of the payload. Returns true when the map is complete; the rest of the block is padding.
  /// Throws FormatError (without position) on anything but numbers.
  bool feed(Block block);
  [[nodiscard]] SparseMap take() && { return std::move(map_); }

 private:
  bool end_number();

  std::string number_;
  std::optional<std::uint64_t> count_;
  std::optional<std::uint64_t> offset_;
  SparseMap map_;
};

/// Checks that segments are in order, do not overlap, lie inside `real_size` and add up to `stored_size`, and removes
/// empty ones. Throws FormatError (without position).
void check_sparse_map(SparseMap& map, std::uint64_t real_size, std::uint64_t stored_size);

}  // namespace accel::tar
