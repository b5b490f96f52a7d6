/// ASCII text as HTTP headers have it: case, blanks, lists, numbers. Independent of the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accel::net {

/// ASCII letters in lower case, other bytes unchanged.
std::string to_lower(std::string_view text);
/// Equal but for the case of ASCII letters.
bool equal_nocase(std::string_view a, std::string_view b) noexcept;
/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;
/// The parts between `separator`, trimmed; empty ones are left out.
std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> split(std::string&& text, char separator) = delete;  // the parts would dangle
/// Decimal digits only; nothing for anything else or too large a number.
std::optional<std::uint64_t> parse_u64(std::string_view text) noexcept;

}  // namespace accel::net
