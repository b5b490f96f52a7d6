/// Collects the manifests that point to one subject.
#pragma once

#include <vector>

#include "accel/oci/manifest.hpp"

namespace accel::store::detail {

/// What points to one manifest, each once. Manifests that cannot be read are passed over: they refer to nothing, and
/// one bad image of a store must not hide what belongs to another.
class ReferrerList {
 public:
  explicit ReferrerList(oci::Digest subject) : subject_(subject) {}

  /// Adds `manifest` if its subject is the one.
  void add(const oci::RawManifest& manifest);
  /// Adds all that the index under oci::referrers_tag lists.
  void add_listed(const oci::RawManifest& index);

  /// In the order they were added.
  [[nodiscard]] std::vector<oci::Descriptor> take() { return std::move(found_); }

 private:
  void insert(oci::Descriptor referrer);
  const oci::Digest subject_;
  std::vector<oci::Descriptor> found_;
};

}  // namespace accel::store::detail
