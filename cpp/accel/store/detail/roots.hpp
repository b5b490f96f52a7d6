/// Which manifests of a store are images by themselves, and how they are called.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "accel/oci/manifest.hpp"

namespace accel::store::detail {

/// The entries of an index.json: images by tag. Value type.
class Roots {
 public:
  /// No images.
  Roots();
  explicit Roots(oci::Index index) : index_(std::move(index)) {}

  [[nodiscard]] const oci::Index& index() const noexcept { return index_; }
  /// Sorted, each once.
  [[nodiscard]] std::vector<std::string> tags() const;
  /// The image called `tag`; "" means the only one. Nothing when there is none; ConfigError naming `place` and the
  /// choice when there are several.
  [[nodiscard]] std::optional<oci::Descriptor> find(const std::string& tag, const std::string& place) const;
  [[nodiscard]] std::optional<oci::Descriptor> find(const oci::Digest& digest) const;

  /// Makes `tag` name `manifest` and nothing else.
  void tag(const oci::Descriptor& manifest, const std::string& tag);
  /// Adds an image without a name, unless it is there already.
  void add(const oci::Descriptor& manifest);

 private:
  oci::Index index_;
};

/// Manifests that came without a tag, until it is known which of them are parts of an index. Not thread-safe.
class UntaggedManifests {
 public:
  /// Notes a manifest that is being stored. Throws FormatError when it is a bad index.
  void add(const oci::RawManifest& manifest, bool tagged);
  /// Those that no noted index has as a child, in the order they came.
  [[nodiscard]] std::vector<oci::Descriptor> roots() const;
  /// True when a noted index has `digest` as a child.
  [[nodiscard]] bool has_child(const oci::Digest& digest) const { return children_.contains(digest); }
  void clear();

 private:
  std::vector<oci::Descriptor> untagged_;
  std::set<oci::Digest> children_;
};

/// Throws DigestMismatch or FormatError unless descriptor and bytes of a manifest that is to be stored agree, and an
/// index can be read.
void check_manifest(const oci::RawManifest& manifest);

/// Throws NotFound, with the tags there are as hint.
[[noreturn]] void manifest_not_found(const std::string& place, const std::string& tag_or_digest,
                                     const std::vector<std::string>& tags);

}  // namespace accel::store::detail
