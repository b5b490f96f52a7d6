#include "accel/formats/option_field.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::formats {

namespace {

std::string quoted_list(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

/// The spellings of YAML 1.1, which the reference's configuration reader takes.
std::optional<bool> parse_boolean(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (lower == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({replaced, row[k] + 1, row[k - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view text, const std::vector<std::string_view>& known) {
  constexpr std::size_t kFarthest = 3;
  std::string nearest;
  std::size_t best = kFarthest + 1;
  for (const std::string_view name : known) {
    // A name that shares nothing but its length is no help.
    const std::size_t distance = edit_distance(text, name);
    if (distance < best && distance < std::max<std::size_t>(text.size(), 1)) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

OptionReader::OptionReader(std::string_view format, const OptionTable& table, const OptionValues& values)
    : format_(format), values_(values) {
  std::vector<std::string_view> known;
  known.reserve(table.size());
  for (const OptionField& field : table) known.push_back(field.name);
  for (const auto& [name, value] : values_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = nearest_name(name, known);
    throw ConfigError("driver " + format_ + " has no option \"" + name + "\"",
                      nearest.empty() ? "its options are " + quoted_list(known) : "did you mean \"" + nearest + "\"?");
  }
}

void OptionReader::fail(std::string_view name, const std::string& wanted) const {
  throw ConfigError("option " + std::string(name) + " of driver " + format_ + " is \"" +
                    values_.find(std::string(name))->second + "\"; it takes " + wanted);
}

const std::string* OptionReader::find(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? nullptr : &found->second;
}

bool OptionReader::given(std::string_view name) const { return find(name) != nullptr; }

bool OptionReader::boolean(std::string_view name, bool fallback) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  const std::optional<bool> value = parse_boolean(*text);
  if (!value) fail(name, "true or false");
  return *value;
}

long long OptionReader::integer(std::string_view name, long long fallback, long long min, long long max) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  const bool hex = text->starts_with("0x") || text->starts_with("0X");
  const char* const begin = text->data() + (hex ? 2 : 0);
  const char* const end = text->data() + text->size();
  long long value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (begin == end || error != std::errc() || stop != end || (hex && *begin == '-') || value < min || value > max) {
    fail(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

std::string OptionReader::text(std::string_view name, std::string fallback) const {
  const std::string* value = find(name);
  if (value != nullptr) return *value;
  return fallback;
}

std::string OptionReader::choice(std::string_view name, std::string fallback,
                                 const std::vector<std::string_view>& accepted) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  if (std::find(accepted.begin(), accepted.end(), *value) == accepted.end()) {
    fail(name, "one of " + quoted_list(accepted));
  }
  return *value;
}

std::vector<std::string> OptionReader::list(std::string_view name) const {
  std::vector<std::string> items;
  const std::string* value = find(name);
  if (value == nullptr) return items;
  std::string_view rest = *value;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && line.front() != '#') items.emplace_back(line);
  }
  return items;
}

}  // namespace accel::formats
