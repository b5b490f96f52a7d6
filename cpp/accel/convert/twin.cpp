#include "accel/convert/twin.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/harbor_annotation.hpp"
#include "accel/convert/image.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

using Digests = std::set<hash::Digest>;

/// The keys under which a converted manifest names its source manifest. Spec: service.md sections 5 and 13.
constexpr std::string_view kKeys[] = {formats::nydus::kSourceDigestAnnotation, kHarborSourceDigest};

void add_recorded(const oci::Annotations& annotations, Digests& recorded) {
  for (const std::string_view key : kKeys) {
    const auto found = annotations.find(std::string(key));
    if (found == annotations.end()) continue;
    const auto digest = hash::Digest::try_parse(found->second);
    if (!digest.empty()) recorded.insert(digest);
  }
}

/// The source digests that a converted image records, itself or in the manifests of its index.
Digests recorded_digests(oci::Repository& repository, const oci::RawManifest& root, const CancelToken& cancel) {
  Digests recorded;
  if (oci::is_manifest(root.descriptor.media_type)) add_recorded(oci::parse_manifest(root.bytes).annotations, recorded);
  if (!oci::is_index(root.descriptor.media_type)) return recorded;
  const oci::Index index = oci::parse_index(root.bytes);
  add_recorded(index.annotations, recorded);
  for (const oci::Descriptor& child : index.manifests) {
    add_recorded(child.annotations, recorded);
    const bool describes_another = child.annotations.contains(std::string(oci::kReferenceTypeAnnotation));
    if (describes_another || !oci::is_manifest(child.media_type)) continue;
    const oci::RawManifest raw = repository.get_manifest(child.digest.to_string(), cancel);
    add_recorded(oci::parse_manifest(raw.bytes).annotations, recorded);
  }
  return recorded;
}

/// True when the target's config is what a conversion of the source writes that only changes layers, as those formats
/// do that record no source.
bool same_origin(const ImageNode& source, const ImageNode& target) {
  if (source.config_json == target.config_json) return true;
  if (source.config.diff_ids.size() != target.config.diff_ids.size()) return false;
  oci::ImageConfig expected = source.config;
  expected.diff_ids = target.config.diff_ids;
  return oci::to_json(expected, true) == target.config_json;
}

std::optional<oci::RawManifest> get_target(const TwinRequest& request, const CancelToken& cancel) {
  try {
    return request.target.get_manifest(request.target_name, cancel);
  } catch (const NotFound&) {
    return std::nullopt;
  }
}

/// True when a converted image points to each of `sources`.
bool has_referrers(const TwinRequest& request, const Digests& sources, const CancelToken& cancel) {
  return std::ranges::all_of(sources, [&](const hash::Digest& source) {
    const auto referrers = request.target.list_referrers(source, cancel);
    return std::ranges::any_of(referrers, [&](const oci::Descriptor& referrer) {
      Digests recorded;
      add_recorded(referrer.annotations, recorded);
      return recorded.contains(source);
    });
  });
}

Digests digests_of(const std::vector<const ImageNode*>& images) {
  Digests digests;
  for (const ImageNode* image : images) digests.insert(image->descriptor.digest);
  return digests;
}

/// Why a target whose records name no source manifest, or others, is not that of `sources`; "" when it is.
std::string compare(const TwinRequest& request, const oci::RawManifest& made, const Digests& recorded,
                    const Image& source, const CancelToken& cancel) {
  if (!recorded.empty()) {
    for (const hash::Digest& digest : digests_of(source.images())) {
      if (!recorded.contains(digest)) {
        return "made of " + recorded.begin()->short_string() + ", not of " + digest.short_string();
      }
    }
    return {};
  }
  const Image target = read_image(request.target, made.descriptor.digest.to_string(), request.platforms, cancel);
  const auto images = target.images();
  for (const ImageNode* image : source.images()) {
    if (std::ranges::none_of(images, [&](const ImageNode* other) { return same_origin(*image, *other); })) {
      return "its config for " + image->platform.to_string() + " is not that of the source";
    }
  }
  return {};
}

}  // namespace

Twin find_twin(const TwinRequest& request, const CancelToken& cancel) {
  const auto made = get_target(request, cancel);
  const auto read_source = [&] {
    return read_image(request.source, request.source_digest.to_string(), request.platforms, cancel);
  };
  if (!made) {
    if (request.by_subject && has_referrers(request, {request.source_digest}, cancel)) return {TwinState::fresh, ""};
    if (request.by_subject && has_referrers(request, digests_of(read_source().images()), cancel)) {
      return {TwinState::fresh, ""};
    }
    return {TwinState::missing, "there is no " + request.target.name() + ":" + request.target_name};
  }
  if (made->descriptor.digest == request.source_digest) return {TwinState::fresh, ""};
  const Digests recorded = recorded_digests(request.target, *made, cancel);
  if (recorded.contains(request.source_digest)) return {TwinState::fresh, ""};
  const std::string difference = compare(request, *made, recorded, read_source(), cancel);
  if (difference.empty()) return {TwinState::fresh, ""};
  return {TwinState::stale, request.target.name() + ":" + request.target_name + " is " + difference};
}

std::uint64_t image_size(oci::Repository& repository, const std::string& tag_or_digest,
                         const std::vector<oci::Platform>& platforms, const CancelToken& cancel) {
  const Image image = read_image(repository, tag_or_digest, platforms, cancel);
  std::uint64_t size = 0;
  for (const ImageNode* node : image.images()) {
    for (const oci::Descriptor& layer : node->manifest.layers) size += layer.size;
  }
  return size;
}

}  // namespace accel::convert
