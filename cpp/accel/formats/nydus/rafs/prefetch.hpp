/// Which names the patterns of a prefetch table stand for. Spec: rafs-v6.md 14.
#pragma once

#include <string>
#include <vector>

#include "accel/formats/nydus/rafs/tree.hpp"

namespace accel::formats::nydus {

/// One pattern that names something, as a clean absolute path.
struct PrefetchTarget {
  std::string path;
  Tree::Name name;
};

/// In the order of `patterns`, without those that are relative, name nothing in `tree`, or are equal to or below an
/// earlier pattern.
std::vector<PrefetchTarget> prefetch_targets(const Tree& tree, const std::vector<std::string>& patterns);

}  // namespace accel::formats::nydus
