#include "accel/registry/content_range.hpp"

#include <limits>

#include "accel/net/text.hpp"

namespace accel::registry {

namespace {

/// "first-last".
std::optional<ContentRange> parse_pair(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = net::parse_u64(net::trim(text.substr(0, dash)));
  const auto last = net::parse_u64(net::trim(text.substr(dash + 1)));
  if (!first || !last || *last < *first || *last == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return ContentRange{*first, *last, std::nullopt};
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  value = net::trim(value);
  if (value.size() < 6 || !net::equal_nocase(value.substr(0, 6), "bytes ")) return std::nullopt;
  value.remove_prefix(6);
  const auto slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto range = parse_pair(value.substr(0, slash));
  const auto total = net::trim(value.substr(slash + 1));
  if (!range) return std::nullopt;
  if (total == "*") return range;
  range->total = net::parse_u64(total);
  if (!range->total || *range->total <= range->last) return std::nullopt;
  return range;
}

std::optional<std::uint64_t> parse_upload_range(std::string_view value) {
  value = net::trim(value);
  if (value.starts_with("bytes=")) value.remove_prefix(6);
  const auto range = parse_pair(value);
  if (!range || range->first != 0) return std::nullopt;
  return range->last == 0 ? 0 : range->last + 1;
}

std::string range_value(std::uint64_t first, std::uint64_t last) {
  return "bytes=" + std::to_string(first) + "-" + std::to_string(last);
}

}  // namespace accel::registry
