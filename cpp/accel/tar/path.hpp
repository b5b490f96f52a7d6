/// Names of tar entries as paths of a tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace accel::tar {

/// The path a name stands for: path-clean of "/" + name, without the leading slash; the root is "".
/// "./a//b/" → "a/b", "/a/../b" → "b" (`..` at the root stays there, as in estargz.md section 4).
std::string clean_path(std::string_view name);

/// Longest name of one file and longest path that Linux takes (NAME_MAX, PATH_MAX without its NUL), in bytes.
inline constexpr std::size_t kMaxComponentSize = 255;
inline constexpr std::size_t kMaxPathSize = 4095;

/// Like clean_path, but throws FormatError when a component is ".." (correction 12), a component is longer than 255
/// bytes, the whole is longer than 4095 bytes, or the name holds a NUL: what no writer of ours accepts. The bound on
/// the whole also bounds how deep a tree of such paths can be.
std::string safe_path(std::string_view name);

/// True when `text` is valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// `name` for an error message: cut off after 512 bytes, since extension headers can hold a megabyte of name.
std::string shown_name(std::string_view name);

/// The last component ("" for the root) and everything before it.
std::string_view base_name(std::string_view clean) noexcept;
std::string_view parent_path(std::string_view clean) noexcept;

}  // namespace accel::tar
