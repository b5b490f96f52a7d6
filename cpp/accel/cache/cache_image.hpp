/// A cache image as a repository holds it, read and judged. Spec: service.md section 6.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/cache/record.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/repository.hpp"

namespace accel::cache {

/// The records of one platform.
struct CacheManifest {
  oci::Descriptor descriptor;  ///< as the index has it; of a root: type, digest and size
  oci::Platform platform;      ///< without an os when nothing says it
  oci::Manifest manifest;
  std::vector<LayerRecord> records;  ///< those that could be read, in order; none of another version
  std::string version;               ///< "" when it has none
  bool is_current = false;           ///< of the version that was asked for

  /// True when it says so itself: it names a version or the source of a layer.
  bool is_cache = false;
};

/// A cache image. Its root is an index or, for a single platform, a manifest.
struct CacheImage {
  oci::RawManifest root;
  std::optional<oci::Index> index;       ///< when the root is one
  std::vector<CacheManifest> manifests;  ///< the root itself, or the wanted children that could be read
  /// False: something else, maybe an image of value, stands where the cache should be.
  bool is_cache = false;
};

struct ReadOptions {
  std::string version = {};                   ///< records of others are ignored; "" takes all
  std::vector<oci::Platform> platforms = {};  ///< children of an index that are wanted; empty: all
  /// Keeps a document that was read, for example in a local store; may be unset. Called for one document after the
  /// other; what it throws is a warning.
  std::function<void(const oci::RawManifest& document)> keep = {};
};

/// What a cache image holds, and what is wrong with it.
struct ReadResult {
  std::optional<CacheImage> image;  ///< nothing: there is no cache yet
  std::vector<std::string> warnings;
};

/// Reads one manifest: the only way records come into being from documents, whether it is a root or the child of an
/// index. Layers that are no good records are left out with a warning. Throws FormatError when the document is no
/// manifest.
CacheManifest import_manifest(const oci::Descriptor& descriptor, const std::string& bytes, const std::string& version,
                              std::vector<std::string>& warnings);

/// Reads the cache image under `tag`. A child of an index that cannot be read is left out with a warning. Throws
/// UnsupportedError for a root that is neither index nor manifest, FormatError for one that cannot be read, and what
/// the repository throws, but not NotFound.
ReadResult read_cache(oci::Repository& repository, const std::string& tag, const ReadOptions& options,
                      const CancelToken& cancel);

}  // namespace accel::cache
