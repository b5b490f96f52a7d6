/// PAX extended header records: `<length> <key>=<value>\n`, parsed by length, so that a value may hold anything.
/// POSIX.1-2017 pax, "pax Extended Header"; keys of star (SCHILY.*), libarchive (LIBARCHIVE.*) and GNU tar
/// (GNU.sparse.*).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/tar/entry.hpp"

namespace accel::tar {

/// One record. Views into the parsed bytes. An empty value means: as if no record had this key.
struct PaxRecord {
  std::string_view key, value;
};

/// The content of one extended header.
struct PaxRecords {
  std::vector<PaxRecord> records;  ///< sorted by key, one a key: the last one given
  /// Numbers of the GNU sparse map in format 0.0 (offset, length, offset, …), which repeats its keys.
  std::vector<std::string_view> sparse_map;

  void clear() noexcept;
  /// The record with this key, also one with an empty value; null when there is none.
  [[nodiscard]] const PaxRecord* find(std::string_view key) const noexcept;
  /// The first record whose key is not before `key`; null when there is none.
  [[nodiscard]] const PaxRecord* lower_bound(std::string_view key) const noexcept;
};

/// Parses the payload of an extended header into `out`, which then looks into `payload`. Throws FormatError (without
/// position) on a wrong length, a record without "=", an empty key, a NUL in a key or in a name, unordered sparse keys.
void parse_pax(ByteView payload, PaxRecords& out);

/// Sets the entry's fields from one record with a value. Keys that say nothing about an Entry (comment, hdrcharset,
/// GNU.sparse.*, unknown vendors) do nothing. Throws FormatError (without position) on a bad number, time or xattr.
/// `size` sets header_size.
void apply_pax_record(const PaxRecord& record, Entry& entry);

/// A decimal number as in PAX records. Nothing on any other character or when it does not fit.
std::optional<std::int64_t> parse_pax_number(std::string_view text) noexcept;

/// `[-]seconds[.fraction]`; digits beyond nanoseconds are cut off. Nothing on anything else.
std::optional<Time> parse_pax_time(std::string_view text) noexcept;

/// The shortest text that parse_pax_time reads back as `time`.
std::string format_pax_time(const Time& time);

/// Appends one record.
void append_pax_record(std::string_view key, std::string_view value, std::string& out);

}  // namespace accel::tar
