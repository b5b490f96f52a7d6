#include "accel/tar/sparse.hpp"

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/tar/path.hpp"

namespace accel::tar {

namespace {

constexpr std::size_t kNumberSize = 12;  // of one number of a pair in a GNU array, bytes
constexpr std::size_t kMaxDigits = 20;   // a sign and the 19 digits of 2^63-1

std::uint64_t require_number(std::string_view what, std::string_view text) {
  const auto number = parse_pax_number(text);
  if (!number || *number < 0) {
    throw FormatError("sparse file: " + std::string(what) + " is \"" + shown_name(text) +
                      "\", want a number from 0 to 2^63-1");
  }
  return static_cast<std::uint64_t>(*number);
}

/// The record's value; empty when there is none, which PAX takes as the same.
std::string_view value_of(const PaxRecords& records, std::string_view key) {
  const PaxRecord* const record = records.find(key);
  return record == nullptr ? std::string_view() : record->value;
}

bool describes_sparse_file(const PaxRecords& records) {
  if (!records.sparse_map.empty()) return true;
  constexpr std::string_view kPrefix = "GNU.sparse.";
  const PaxRecord* const end = records.records.data() + records.records.size();
  for (const PaxRecord* record = records.lower_bound(kPrefix);
       record != nullptr && record != end && record->key.starts_with(kPrefix); ++record) {
    if (!record->value.empty()) return true;
  }
  return false;
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

SparseMap parse_map_records(const PaxRecords& records) {
  const std::vector<std::string_view> numbers =
      records.sparse_map.empty() ? split_at_commas(value_of(records, "GNU.sparse.map")) : records.sparse_map;
  const std::uint64_t count = require_number("GNU.sparse.numblocks", value_of(records, "GNU.sparse.numblocks"));
  if (numbers.size() % 2 != 0 || numbers.size() / 2 != count) {
    throw FormatError("sparse file: the map has " + std::to_string(numbers.size()) +
                      " numbers, GNU.sparse.numblocks wants " + std::to_string(count) + " pairs");
  }
  SparseMap map;
  map.reserve(numbers.size() / 2);
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    map.push_back({.offset = require_number("offset in the map", numbers[i]),
                   .size = require_number("size in the map", numbers[i + 1])});
  }
  return map;
}

}  // namespace

std::optional<PaxSparse> parse_pax_sparse(const PaxRecords& records) {
  if (!describes_sparse_file(records)) return std::nullopt;
  const std::string_view major = value_of(records, "GNU.sparse.major");
  const std::string_view minor = value_of(records, "GNU.sparse.minor");
  // Formats 0.0 and 0.1 may come without a version.
  const bool map_in_records = (major.empty() && minor.empty()) || (major == "0" && (minor == "0" || minor == "1"));
  PaxSparse sparse;
  sparse.map_in_payload = major == "1" && minor == "0";
  if (!map_in_records && !sparse.map_in_payload) {
    throw UnsupportedError("sparse file in format \"" + shown_name(major) + "." + shown_name(minor) +
                               "\", this version reads 0.0, 0.1 and 1.0",
                           "rebuild the layer without sparse files");
  }
  sparse.name = value_of(records, "GNU.sparse.name");
  std::string_view size = value_of(records, "GNU.sparse.size");
  if (size.empty()) size = value_of(records, "GNU.sparse.realsize");
  if (!size.empty()) sparse.real_size = require_number("the real size", size);
  if (map_in_records) sparse.map = parse_map_records(records);
  return sparse;
}

void append_gnu_segments(Block block, Field array, SparseMap& map) {
  for (std::size_t at = array.offset; at + 2 * kNumberSize <= array.offset + array.size; at += 2 * kNumberSize) {
    if (block[at] == std::byte{0}) return;
    const auto offset = number_field(block, {at, kNumberSize});
    const auto size = number_field(block, {at + kNumberSize, kNumberSize});
    if (!offset || !size || *offset < 0 || *size < 0) throw FormatError("sparse file: the map holds a bad number");
    map.push_back({.offset = static_cast<std::uint64_t>(*offset), .size = static_cast<std::uint64_t>(*size)});
  }
}

bool SparseMapReader::feed(Block block) {
  for (const char c : as_text(block)) {
    if (c != '\n') {
      number_ += c;
      if (number_.size() > kMaxDigits) throw FormatError("sparse file: the map in front of the content is no map");
    } else if (end_number()) {
      return true;
    }
  }
  return false;
}

bool SparseMapReader::end_number() {
  const std::uint64_t number = require_number("a number in the map", number_);
  number_.clear();
  if (!count_) {
    count_ = number;
  } else if (!offset_) {
    offset_ = number;
  } else {
    map_.push_back({.offset = *offset_, .size = number});
    offset_.reset();
  }
  return map_.size() == *count_;
}

void check_sparse_map(SparseMap& map, std::uint64_t real_size, std::uint64_t stored_size) {
  std::uint64_t end = 0;
  std::uint64_t total = 0;
  for (const SparseSegment& segment : map) {
    if (segment.offset < end) throw FormatError("sparse file: segments overlap or are out of order");
    if (segment.offset > real_size || segment.size > real_size - segment.offset) {
      throw FormatError("sparse file: a segment lies beyond the end of the file, whose size is " +
                        std::to_string(real_size));
    }
    end = segment.offset + segment.size;
    total += segment.size;  // at most real_size, since segments do not overlap
  }
  if (total != stored_size) {
    throw FormatError("sparse file: segments add up to " + std::to_string(total) + " bytes, " +
                      std::to_string(stored_size) + " are stored");
  }
  std::erase_if(map, [](const SparseSegment& segment) { return segment.size == 0; });
}

}  // namespace accel::tar
