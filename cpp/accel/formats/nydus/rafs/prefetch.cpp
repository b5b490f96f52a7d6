#include "accel/formats/nydus/rafs/prefetch.hpp"

#include <string_view>
#include <unordered_set>

#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

/// True when `path` ("" or "etc/hosts") or a directory above it is in `seen`.
bool is_covered(std::string_view path, const std::unordered_set<std::string>& seen) {
  for (;; path = tar::parent_path(path)) {
    if (seen.contains(std::string(path))) return true;
    if (path.empty()) return false;
  }
}

}  // namespace

std::vector<PrefetchTarget> prefetch_targets(const Tree& tree, const std::vector<std::string>& patterns) {
  std::vector<PrefetchTarget> targets;
  std::unordered_set<std::string> seen;
  for (const std::string& pattern : patterns) {
    if (!pattern.starts_with('/')) continue;
    const std::string path = tar::clean_path(pattern);
    if (is_covered(path, seen)) continue;
    seen.insert(path);
    const Tree::Name name = tree.find(path);
    if (name != Tree::kNone) targets.push_back({.path = "/" + path, .name = name});
  }
  return targets;
}

}  // namespace accel::formats::nydus
