/// Trees from tar layers, for tests.
#pragma once

#include <initializer_list>
#include <string>

#include "accel/fs/from_tar.hpp"
#include "accel/fs/tree.hpp"
#include "support/chunked_stream.hpp"
#include "support/tar_builder.hpp"

namespace accel::testing {

inline void add_layer(fs::Tree& tree, const TarBuilder& layer) {
  ChunkedStream stream(layer.text());
  fs::add_layer(tree, stream);
}

inline fs::Tree tree_of(std::initializer_list<TarBuilder> layers) {
  fs::Tree tree;
  for (const TarBuilder& layer : layers) add_layer(tree, layer);
  return tree;
}

/// All paths in order, directories with a final slash, implicit ones with a question mark: "/? a/ a/file".
inline std::string paths_of(const fs::Tree& tree) {
  std::string paths;
  tree.walk([&](const std::string& path, const auto& node) {
    if (!paths.empty()) paths += ' ';
    paths += path;
    if (node->type == tar::EntryType::directory) paths += '/';
    if (node->implicit) paths += '?';
  });
  return paths;
}

}  // namespace accel::testing
