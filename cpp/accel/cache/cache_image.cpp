#include "accel/cache/cache_image.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/cache/annotation.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::cache {

namespace {

constexpr std::size_t kMaxChildren = 100;      // a platform each; there are not that many
constexpr std::size_t kParallelDocuments = 4;  // small requests: latency counts
constexpr std::size_t kMaxWarnings = 20;       // of one manifest: a broken one need not fill the screen

oci::Platform platform_of(const oci::Descriptor& descriptor, const oci::Manifest& manifest) {
  if (descriptor.platform) return *descriptor.platform;
  const std::string text = oci::annotation(manifest.annotations, kPlatformKey);
  if (text.empty()) return {};
  try {
    return oci::Platform::parse(text);
  } catch (const ConfigError&) {
    return {};
  }
}

bool names_source(const oci::Descriptor& layer) {
  return layer.annotations.contains(std::string(kSourceDigestKey)) ||
         layer.annotations.contains(std::string(kSourceKey));
}

void import_records(CacheManifest& result, const std::string& name, std::vector<std::string>& warnings) {
  std::size_t faults = 0;
  for (std::size_t i = 0; i < result.manifest.layers.size(); ++i) {
    try {
      result.records.push_back(parse_record(result.manifest.layers[i]));
    } catch (const FormatError& error) {
      if (++faults > kMaxWarnings) continue;
      warnings.push_back(name + ": record " + std::to_string(i) + " is skipped: " + error.message());
    }
  }
  if (faults > kMaxWarnings) {
    warnings.push_back(name + ": " + std::to_string(faults - kMaxWarnings) + " more records are skipped");
  }
}

/// Reads the documents of one cache image.
class CacheReader {
 public:
  CacheReader(oci::Repository& repository, const ReadOptions& options) : repository_(repository), options_(options) {}

  ReadResult run(const std::string& tag, const CancelToken& cancel) {
    oci::RawManifest root;
    try {
      root = repository_.get_manifest(tag, cancel);
    } catch (const NotFound&) {
      return {};
    }
    CacheImage& image = result_.image.emplace();
    image.root = std::move(root);
    const oci::Descriptor& descriptor = image.root.descriptor;
    if (oci::is_index(descriptor.media_type)) {
      read_children(image, cancel);
    } else if (oci::is_manifest(descriptor.media_type)) {
      image.manifests.push_back(import_manifest(descriptor, image.root.bytes, options_.version, result_.warnings));
      image.is_cache = image.manifests.front().is_cache;
    } else {
      throw UnsupportedError("unsupported cache image media type " + descriptor.media_type,
                             "an image index or an image manifest of OCI or Docker can be one");
    }
    keep(image.root);
    return std::move(result_);
  }

 private:
  struct Child {
    oci::RawManifest document;
    std::optional<CacheManifest> manifest;
    std::vector<std::string> warnings;
  };

  [[nodiscard]] bool is_wanted(const oci::Descriptor& child) const {
    return !child.platform || oci::is_wanted(*child.platform, options_.platforms);
  }

  void read_children(CacheImage& image, const CancelToken& cancel) {
    image.index = oci::parse_index(image.root.bytes);
    std::vector<const oci::Descriptor*> wanted;
    for (const oci::Descriptor& child : image.index->manifests) {
      if (is_wanted(child)) wanted.push_back(&child);
    }
    if (wanted.size() > kMaxChildren) {
      result_.warnings.push_back("only the first " + std::to_string(kMaxChildren) + " of its " +
                                 std::to_string(wanted.size()) + " manifests are read");
      wanted.resize(kMaxChildren);
    }
    const bool none_wanted = wanted.empty();
    // Somebody must tell whether this is a cache at all before it is written to.
    if (none_wanted && !image.index->manifests.empty()) wanted.push_back(&image.index->manifests.front());
    std::vector<Child> children(wanted.size());
    run_parallel(children.size(), kParallelDocuments, cancel,
                 [&](std::size_t i, const CancelToken& token) { read_child(*wanted[i], children[i], token); });
    image.is_cache = image.index->manifests.empty();
    for (Child& child : children) {
      std::move(child.warnings.begin(), child.warnings.end(), std::back_inserter(result_.warnings));
      if (!child.manifest) continue;
      keep(child.document);
      image.is_cache |= child.manifest->is_cache;
      if (!none_wanted) image.manifests.push_back(std::move(*child.manifest));
    }
  }

  void read_child(const oci::Descriptor& descriptor, Child& child, const CancelToken& cancel) {
    const std::string name = "manifest " + descriptor.digest.short_string();
    try {
      child.document = repository_.get_manifest(descriptor.digest.to_string(), cancel);
      child.manifest = import_manifest(descriptor, child.document.bytes, options_.version, child.warnings);
    } catch (const NotFound&) {
      child.warnings.push_back(name + " is ignored: the repository does not have it");
    } catch (const FormatError& error) {
      child.warnings.push_back(name + " is ignored: " + error.message());
    } catch (const UnsupportedError& error) {
      child.warnings.push_back(name + " is ignored: " + error.message());
    }
  }

  void keep(const oci::RawManifest& document) {
    if (!options_.keep) return;
    try {
      options_.keep(document);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      result_.warnings.push_back(std::string("it is not kept locally: ") + error.what());
    }
  }

  oci::Repository& repository_;
  const ReadOptions& options_;
  ReadResult result_;
};

}  // namespace

CacheManifest import_manifest(const oci::Descriptor& descriptor, const std::string& bytes, const std::string& version,
                              std::vector<std::string>& warnings) {
  CacheManifest result;
  result.descriptor = descriptor;
  result.manifest = oci::parse_manifest(bytes);
  result.platform = platform_of(descriptor, result.manifest);
  const bool has_version = result.manifest.annotations.contains(std::string(kVersionKey));
  result.version = oci::annotation(result.manifest.annotations, kVersionKey);
  const auto& layers = result.manifest.layers;
  result.is_cache = has_version || std::any_of(layers.begin(), layers.end(), names_source);
  result.is_current = version.empty() || (has_version && result.version == version);
  const std::string name = "manifest " + descriptor.digest.short_string();
  if (!result.is_current) {
    warnings.push_back(name + " is ignored: its cache version is '" + result.version + "', expected '" + version + "'");
  } else {
    import_records(result, name, warnings);
  }
  return result;
}

ReadResult read_cache(oci::Repository& repository, const std::string& tag, const ReadOptions& options,
                      const CancelToken& cancel) {
  return CacheReader(repository, options).run(tag, cancel);
}

}  // namespace accel::cache
