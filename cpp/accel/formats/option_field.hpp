/// Describes an options struct once: CLI help, configuration check, fingerprint and docs all read this table.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accel::formats {

/// Option name → value, both as text, as they come from YAML, CLI or Python.
using OptionValues = std::map<std::string, std::string>;

enum class OptionType : unsigned char { boolean, integer, text, choice, list };

/// One field of an options struct.
struct OptionField {
  std::string_view name;  ///< snake_case, the name users write
  OptionType type;
  std::string_view default_text;  ///< what users see in help; the struct's initialiser is the only real default
  std::string_view range;         ///< "0 to 12", "estargz | zstdchunked", "" when free
  std::string_view help;          ///< one sentence
  bool changes_output = true;     ///< enters the fingerprint
};
using OptionTable = std::vector<OptionField>;

/// Values checked against a table. Throws ConfigError that names the option and, for an unknown one, the nearest name.
class OptionReader {
 public:
  OptionReader(std::string_view format, const OptionTable& table, const OptionValues& values);
  /// Each returns `fallback` when the option was not given; throws ConfigError naming option, value and range.
  [[nodiscard]] bool boolean(std::string_view name, bool fallback) const;
  [[nodiscard]] long long integer(std::string_view name, long long fallback, long long min, long long max) const;
  [[nodiscard]] std::string text(std::string_view name, std::string fallback) const;
  [[nodiscard]] std::string choice(std::string_view name, std::string fallback,
                                   const std::vector<std::string_view>& accepted) const;
  /// Newline-separated, empty lines and `#` comments dropped.
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  [[nodiscard]] bool given(std::string_view name) const;
  /// Throws ConfigError: "option NAME of driver D is VALUE; it takes WANTED". The option must have been given.
  [[noreturn]] void fail(std::string_view name, const std::string& wanted) const;

 private:
  [[nodiscard]] const std::string* find(std::string_view name) const;
  std::string format_;
  OptionValues values_;
};

/// The name in `known` that is nearest to `text` (edit distance at most 3), or "".
std::string nearest_name(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace accel::formats
