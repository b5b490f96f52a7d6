/// Names of extended attributes as RAFS takes them. Spec: rafs-v6.md 11, rafs-v5.md 11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/rafs/tree.hpp"

namespace accel::formats::nydus {

/// EROFS stores a number for the prefix and the rest of the name.
struct XattrName {
  std::uint8_t prefix = 0;
  std::string_view suffix;  ///< view into the name; empty for the two ACLs, whose whole name is the prefix
};

/// Nothing when `name` has none of the prefixes.
std::optional<XattrName> split_xattr(std::string_view name);

/// Why a bootstrap of this version cannot hold the set ("extended attribute com.apple.x, …"); "" when it can.
std::string xattr_problem(const Xattrs& xattrs, FsVersion version);

/// Bytes of a v6 inode's attributes with their header; 0 for an empty set. A multiple of 4.
std::size_t xattr_size_v6(const Xattrs& xattrs);

/// Bytes of the pairs of a v5 record, without the size in front and the padding behind.
std::size_t xattr_size_v5(const Xattrs& xattrs);

}  // namespace accel::formats::nydus
