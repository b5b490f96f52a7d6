/// The documents and blobs an image consists of, whatever it holds: what a copy has to carry.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// Collects documents reachable from roots, each document and blob once.
class DocumentSet {
 public:
  explicit DocumentSet(oci::Repository& source) : source_(source) {}

  /// Adds `root` and, for an index, everything below it. Throws UnsupportedError for a child that is no manifest or
  /// index, naming its media type, and NotFound for one that the source lacks.
  void add(const oci::RawManifest& root, const CancelToken& cancel);
  /// Adds all that refers to the documents added so far, and to those referrers, and so on.
  void add_referrers(const CancelToken& cancel);

  /// Manifests that refer to blobs only, in the order they were found.
  [[nodiscard]] const std::vector<oci::RawManifest>& manifests() const noexcept { return manifests_; }
  /// Indexes, children before parents.
  [[nodiscard]] std::vector<oci::RawManifest> indexes() const { return {indexes_.rbegin(), indexes_.rend()}; }
  /// Configs and layers of all manifests.
  [[nodiscard]] const std::vector<oci::Descriptor>& blobs() const noexcept { return blobs_; }

 private:
  std::vector<oci::Descriptor> add_one(const oci::RawManifest& document);
  void add_blob(const oci::Descriptor& blob);

  oci::Repository& source_;
  std::set<hash::Digest> seen_documents_, seen_blobs_;
  std::vector<oci::RawManifest> manifests_;
  std::vector<oci::RawManifest> indexes_;  // parents before children
  std::vector<oci::Descriptor> blobs_;
};

}  // namespace accel::convert
