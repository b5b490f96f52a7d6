#include "accel/tar/pax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "accel/base/error.hpp"
#include "accel/tar/path.hpp"

namespace accel::tar {

namespace {

constexpr std::string_view kSchilyXattr = "SCHILY.xattr.";
constexpr std::string_view kLibarchiveXattr = "LIBARCHIVE.xattr.";
constexpr std::string_view kSparseOffset = "GNU.sparse.offset";
constexpr std::string_view kSparseLength = "GNU.sparse.numbytes";
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kNanosecondDigits = 9;

/// Cuts the first record off `rest`. The length counts itself, the space and the newline.
PaxRecord next_record(std::string_view& rest) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (error != std::errc() || digits == rest.size() || *end != ' ') {
    throw FormatError("PAX record does not begin with a length and a space");
  }
  if (length > rest.size() || length < digits + 2) {
    throw FormatError("PAX record says it has " + std::to_string(length) + " bytes, " + std::to_string(rest.size()) +
                      " are left");
  }
  std::string_view record = rest.substr(digits + 1, length - digits - 1);
  rest.remove_prefix(length);
  if (!record.ends_with('\n')) throw FormatError("PAX record does not end with a newline where its length says");
  record.remove_suffix(1);
  const std::size_t equals = record.find('=');
  if (equals == std::string_view::npos || equals == 0) throw FormatError("PAX record has no \"key=value\"");
  return {.key = record.substr(0, equals), .value = record.substr(equals + 1)};
}

/// NULs end strings for everything that later uses a name; only other values may hold them.
void refuse_nul(const PaxRecord& record) {
  const std::string_view key = record.key;
  const bool is_name =
      key == "path" || key == "linkpath" || key == "uname" || key == "gname" || key == "GNU.sparse.name";
  if ((is_name ? record.value : key).find('\0') != std::string_view::npos) {
    throw FormatError("PAX record " + shown_name(key) + " holds a NUL byte where none may be");
  }
}

/// Last one of equal keys wins. Sorting keeps a header with very many records cheap.
void keep_last_of_each_key(std::vector<PaxRecord>& records) {
  std::stable_sort(records.begin(), records.end(),
                   [](const PaxRecord& a, const PaxRecord& b) { return a.key < b.key; });
  const auto same_key = [](const PaxRecord& a, const PaxRecord& b) { return a.key == b.key; };
  const auto kept = std::unique(records.rbegin(), records.rend(), same_key);
  records.erase(records.begin(), kept.base());
}

std::int64_t require_number(const PaxRecord& record) {
  const auto number = parse_pax_number(record.value);
  if (!number || *number < 0) {
    throw FormatError("PAX record " + shown_name(record.key) + " is \"" + shown_name(record.value) +
                      "\", want a number from 0 to 2^63-1");
  }
  return *number;
}

Time require_time(const PaxRecord& record) {
  const auto time = parse_pax_time(record.value);
  if (!time) {
    throw FormatError("PAX record " + shown_name(record.key) + " is \"" + shown_name(record.value) +
                      "\", want seconds with an optional fraction");
  }
  return *time;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `%41` → "A"; a percent sign that begins no such triple stands for itself, as libarchive reads it.
std::string url_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

void apply_libarchive_xattr(const PaxRecord& record, Entry& entry) {
  Bytes value;
  if (!base64_decode(record.value, value)) {
    throw FormatError("PAX record " + shown_name(record.key) + " is not base64");
  }
  // bsdtar writes both kinds; the SCHILY record, which every other program reads, wins. It sorts behind this one.
  entry.xattrs.insert_or_assign(url_decode(record.key.substr(kLibarchiveXattr.size())), to_string(value));
}

}  // namespace

void PaxRecords::clear() noexcept {
  records.clear();
  sparse_map.clear();
}

const PaxRecord* PaxRecords::find(std::string_view key) const noexcept {
  const PaxRecord* const found = lower_bound(key);
  return found != nullptr && found->key == key ? found : nullptr;
}

const PaxRecord* PaxRecords::lower_bound(std::string_view key) const noexcept {
  const auto less = [](const PaxRecord& record, std::string_view wanted) { return record.key < wanted; };
  const auto found = std::lower_bound(records.begin(), records.end(), key, less);
  return found != records.end() ? &*found : nullptr;
}

void parse_pax(ByteView payload, PaxRecords& out) {
  out.clear();
  for (std::string_view rest = as_text(payload); !rest.empty();) {
    const PaxRecord record = next_record(rest);
    refuse_nul(record);
    if (record.key == kSparseOffset || record.key == kSparseLength) {
      const bool want_offset = out.sparse_map.size() % 2 == 0;
      if (want_offset != (record.key == kSparseOffset)) {
        throw FormatError("PAX records GNU.sparse.offset and GNU.sparse.numbytes do not alternate");
      }
      out.sparse_map.push_back(record.value);
    } else {
      out.records.push_back(record);
    }
  }
  keep_last_of_each_key(out.records);
}

void apply_pax_record(const PaxRecord& record, Entry& entry) {
  const std::string_view key = record.key;
  if (key == "path") {
    entry.name = record.value;
  } else if (key == "linkpath") {
    entry.link_name = record.value;
  } else if (key == "uname") {
    entry.user_name = record.value;
  } else if (key == "gname") {
    entry.group_name = record.value;
  } else if (key == "uid") {
    entry.uid = static_cast<std::uint64_t>(require_number(record));
  } else if (key == "gid") {
    entry.gid = static_cast<std::uint64_t>(require_number(record));
  } else if (key == "size") {
    entry.header_size = static_cast<std::uint64_t>(require_number(record));
  } else if (key == "mtime") {
    entry.mtime = require_time(record);
  } else if (key == "atime") {
    entry.atime = require_time(record);
  } else if (key == "ctime") {
    entry.ctime = require_time(record);
  } else if (key.starts_with(kSchilyXattr)) {
    entry.xattrs.insert_or_assign(std::string(key.substr(kSchilyXattr.size())), std::string(record.value));
  } else if (key.starts_with(kLibarchiveXattr)) {
    apply_libarchive_xattr(record, entry);
  }
}

std::optional<std::int64_t> parse_pax_number(std::string_view text) noexcept {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Time> parse_pax_time(std::string_view text) noexcept {
  const std::size_t point = text.find('.');
  const auto seconds = parse_pax_number(text.substr(0, point));
  if (!seconds) return std::nullopt;
  Time time{.seconds = *seconds, .nanoseconds = 0};
  if (point == std::string_view::npos) return time;
  const std::string_view fraction = text.substr(point + 1);
  for (std::size_t i = 0; i < std::max(fraction.size(), kNanosecondDigits); ++i) {
    const char digit = i < fraction.size() ? fraction[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    if (i < kNanosecondDigits) time.nanoseconds = time.nanoseconds * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  // "-1.25" is a quarter before -1, that is 750 ms after -2. "-0.25" has no negative seconds to tell it by.
  if (text[0] == '-' && time.nanoseconds > 0) {
    if (time.seconds == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    --time.seconds;
    time.nanoseconds = kNanosecondsPerSecond - time.nanoseconds;
  }
  return time;
}

std::string format_pax_time(const Time& time) {
  if (time.nanoseconds == 0) return std::to_string(time.seconds);
  const bool negative = time.seconds < 0;
  const std::int64_t seconds = negative ? -(time.seconds + 1) : time.seconds;
  std::uint32_t fraction = negative ? kNanosecondsPerSecond - time.nanoseconds : time.nanoseconds;
  std::array<char, kNanosecondDigits> digits{};
  for (std::size_t i = digits.size(); i-- > 0; fraction /= 10) digits[i] = static_cast<char>('0' + fraction % 10);
  std::string text(negative ? "-" : "");
  text += std::to_string(seconds);
  text += '.';
  text.append(digits.data(), digits.size());
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

void append_pax_record(std::string_view key, std::string_view value, std::string& out) {
  const std::size_t rest = key.size() + value.size() + 3;  // space, equals sign, newline
  std::size_t length = rest + 1;
  while (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  out += std::to_string(length);
  out += ' ';
  out += key;
  out += '=';
  out += value;
  out += '\n';
}

}  // namespace accel::tar
