/// The names of one layer as encoders see them go by: which are new, which repeat, and which make no tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "accel/base/bytes.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats {

/// Why a TOC cannot hold what this header says: text that is not UTF-8, a time outside the years 1 to 9999. "" when it
/// can. Names of users are no reason: they are left out of the TOC.
std::string toc_obstacle(const tar::Entry& entry);

/// True when `raw_header` holds a global PAX header ('g') in front of the entry's own blocks.
bool has_global_header(ByteView raw_header);

/// Not thread-safe. About 130 bytes a name.
class LayerNames {
 public:
  enum class Outcome : std::uint8_t {
    fresh,
    repeated,           ///< the path was there before
    link_before_target  ///< a hardlink whose target did not come yet, or is itself such a link
  };

  /// Takes the next entry. Throws FormatError naming it when its name or hardlink target is unsafe (tar::safe_path),
  /// its parent is no directory, it hides directories implied by earlier names, or it is a hardlink to a directory.
  Outcome add(const tar::Entry& entry);
  /// The clean path of the last entry added.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// After the last entry. Throws FormatError for a hardlink whose target never came or that is part of a circle.
  void check_links() const;

 private:
  enum class Kind : std::uint8_t { directory, implied_directory, file, unresolved_link };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, Kind, Hash, std::equal_to<>>;

  void add_parents(const tar::Entry& entry);
  Kind kind_of(const tar::Entry& entry, std::string& target) const;

  Map kinds_;
  std::string path_;
  std::string last_parent_;                                  // known to be a directory
  std::unordered_map<std::string, std::string> unresolved_;  // link → target, both clean
};

}  // namespace accel::formats
