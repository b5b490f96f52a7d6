/// In which order a layer is written when it cannot be the order it came in. Spec: estargz.md section 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace accel::formats::estargz {

/// One entry of the source layer, as far as its place matters.
struct StagedEntry {
  enum class Kind : std::uint8_t { directory, hardlink, other };
  std::string path;         ///< clean
  std::string link_target;  ///< clean; hardlinks only
  Kind kind = Kind::other;
};

/// One entry of the layer to write.
struct PlanItem {
  std::size_t entry = 0;                 ///< whose header and content
  std::optional<std::string> name;       ///< written under this name instead of its own
  std::optional<std::string> link_name;  ///< with this hardlink target instead of its own
  friend bool operator==(const PlanItem&, const PlanItem&) = default;
};

struct Plan {
  std::vector<PlanItem> prioritized;  ///< before the landmark
  std::vector<PlanItem> others;       ///< after it
  std::vector<std::string> missing;   ///< prioritised paths that this layer does not have
};

/// Orders `entries` (which hold no landmarks) so that
///  - of entries with one path only the last is left, at its own place;
///  - prioritised paths come first in the order given, each after its parents and, a hardlink, after its target;
///  - every hardlink comes after the file it names, later than in the source if need be.
///
/// A hardlink keeps the content it had in the source also when a later entry replaces the name it points to: the first
/// such link then becomes the file, and further ones point to it.
///
/// Throws FormatError for hardlinks to nothing, to directories and in circles.
Plan make_plan(const std::vector<StagedEntry>& entries, const std::vector<std::string>& prioritized_files);

}  // namespace accel::formats::estargz
