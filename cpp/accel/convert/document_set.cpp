#include "accel/convert/document_set.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kParallelDocuments = 4;  // small requests: latency counts
constexpr std::size_t kMaxDocuments = 10'000;  // of one copy; guards against a source that never ends

}  // namespace

void DocumentSet::add(const oci::RawManifest& root, const CancelToken& cancel) {
  std::vector<oci::Descriptor> level = add_one(root);
  // Level by level: each one's documents are read side by side, and parents always come before their children.
  while (!level.empty()) {
    std::vector<oci::RawManifest> documents(level.size());
    run_parallel(level.size(), kParallelDocuments, cancel, [&](std::size_t i, const CancelToken& token) {
      with_context("manifest " + level[i].digest.short_string(),
                   [&] { documents[i] = source_.get_manifest(level[i].digest.to_string(), token); });
    });
    level.clear();
    for (const oci::RawManifest& document : documents) {
      auto children = add_one(document);
      std::move(children.begin(), children.end(), std::back_inserter(level));
    }
  }
}

void DocumentSet::add_referrers(const CancelToken& cancel) {
  std::set<hash::Digest> asked;
  for (bool found = true; found;) {
    found = false;
    const std::set<hash::Digest> subjects = seen_documents_;
    for (const hash::Digest& subject : subjects) {
      if (!asked.insert(subject).second) continue;
      for (const oci::Descriptor& referrer : source_.list_referrers(subject, cancel)) {
        if (seen_documents_.contains(referrer.digest)) continue;
        with_context("referrer " + referrer.digest.short_string(),
                     [&] { add(source_.get_manifest(referrer.digest.to_string(), cancel), cancel); });
        found = true;
      }
    }
  }
}

/// Adds one document; returns the children that are still to be read.
std::vector<oci::Descriptor> DocumentSet::add_one(const oci::RawManifest& document) {
  const oci::Descriptor& descriptor = document.descriptor;
  if (!seen_documents_.insert(descriptor.digest).second) return {};
  if (seen_documents_.size() > kMaxDocuments) {
    throw FormatError("the image has more than " + std::to_string(kMaxDocuments) + " manifests");
  }
  if (oci::is_manifest(descriptor.media_type)) {
    const oci::Manifest manifest = oci::parse_manifest(document.bytes);
    add_blob(manifest.config);
    for (const oci::Descriptor& layer : manifest.layers) add_blob(layer);
    manifests_.push_back(document);
    return {};
  }
  if (!oci::is_index(descriptor.media_type)) {
    throw UnsupportedError("manifest " + descriptor.digest.short_string() + " has media type '" +
                               descriptor.media_type + "', which is no image manifest or index",
                           "OCI images and artifacts and Docker schema 2 images are copied");
  }
  indexes_.push_back(document);
  std::vector<oci::Descriptor> children;
  for (oci::Descriptor& child : oci::parse_index(document.bytes).manifests) {
    if (!seen_documents_.contains(child.digest)) children.push_back(std::move(child));
  }
  return children;
}

void DocumentSet::add_blob(const oci::Descriptor& blob) {
  if (seen_blobs_.insert(blob.digest).second) blobs_.push_back(blob);
}

}  // namespace accel::convert
