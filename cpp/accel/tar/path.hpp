/// Names of tar entries as paths of a tree.
#pragma once

#include <string>
#include <string_view>

namespace accel::tar {

/// The path a name stands for: path-clean of "/" + name, without the leading slash; the root is "".
/// "./a//b/" → "a/b", "/a/../b" → "b" (`..` at the root stays there, as in estargz.md section 4).
std::string clean_path(std::string_view name);

/// Like clean_path, but throws FormatError when a component is ".." (correction 12), a component is longer than 255
/// bytes, or the name holds a NUL: what no writer of ours accepts.
std::string safe_path(std::string_view name);

/// True when `text` is valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// The last component ("" for the root) and everything before it.
std::string_view base_name(std::string_view clean) noexcept;
std::string_view parent_path(std::string_view clean) noexcept;

}  // namespace accel::tar
