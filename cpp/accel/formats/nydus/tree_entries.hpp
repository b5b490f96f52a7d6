/// The names of a RAFS tree as entries of a layer.
#pragma once

#include <functional>
#include <string>

#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/tar/entry.hpp"

namespace accel::formats::nydus {

/// Calls `each` for every name of the tree, directories before what is in them, children in byte order. Entries have
/// clean names ("etc/hosts"; the root is "./"); further names of a file are hardlinks to its first. Directories that no
/// entry of a layer was about are left out unless nothing else implies them.
void walk_entries(const Tree& tree, const std::function<void(const tar::Entry& entry, Tree::Name name)>& each);

/// The entry of `name` alone, never a hardlink. `path` becomes its name.
tar::Entry entry_of(const Tree& tree, Tree::Name name, std::string path);
/// Turns the entry of a regular file into a hardlink to its name `target`.
void make_link(tar::Entry& entry, const Tree& tree, Tree::Name target);

}  // namespace accel::formats::nydus
