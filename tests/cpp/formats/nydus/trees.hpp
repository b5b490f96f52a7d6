/// File trees of sources and of what readers see, to be compared.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "accel/formats/format.hpp"
#include "accel/fs/from_tar.hpp"
#include "accel/fs/tree.hpp"
#include "accel/io/memory.hpp"

namespace accel::formats::nydus::testing {

/// Reads and verifies everything `reader` has as the next layer of `tree`.
inline void add_verified(fs::Tree& tree, LayerReader& reader, const hash::Digest& diff_id) {
  class ToTree final : public LayerVisitor {
   public:
    explicit ToTree(fs::Tree& to) : tree_(to) {}
    void entry(const tar::Entry& entry, const hash::Digest& content) override { tree_.add(entry, content); }

   private:
    fs::Tree& tree_;
  };
  tree.begin_layer();
  ToTree visitor(tree);
  reader.verify(visitor, diff_id, {});
  tree.end_layer();
}

inline fs::Tree tree_of(LayerReader& reader, const hash::Digest& diff_id) {
  fs::Tree tree;
  add_verified(tree, reader, diff_id);
  return tree;
}

/// The tree of layers, lowest first.
inline fs::Tree tree_of(const std::vector<std::string>& tars) {
  fs::Tree tree;
  for (const std::string& tar : tars) {
    io::MemoryStream stream(as_bytes(tar));
    fs::add_layer(tree, stream);
  }
  return tree;
}

inline void expect_equal(const fs::Tree& source, const fs::Tree& target) {
  const std::vector<fs::TreeDifference> differences = fs::compare(source, target, false);
  for (std::size_t i = 0; i < std::min<std::size_t>(differences.size(), 10); ++i) {
    const fs::TreeDifference& d = differences[i];
    ADD_FAILURE() << d.path << ": " << d.field << ": " << d.left << " became " << d.right;
  }
}

}  // namespace accel::formats::nydus::testing
