#include "accel/store/detail/roots.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/verify.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::store::detail {

namespace {

/// containerd, BuildKit and Docker put the full reference here and only the tag into ref.name.
constexpr std::string_view kImageNameAnnotation = "io.containerd.image.name";

std::string tag_list(const std::vector<std::string>& tags) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(tags.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + tags[i];
  if (tags.size() > kMost) text += " and " + std::to_string(tags.size() - kMost) + " more";
  return text;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

oci::Descriptor bare(const oci::Descriptor& manifest) {
  oci::Descriptor entry;
  entry.media_type = manifest.media_type;
  entry.digest = manifest.digest;
  entry.size = manifest.size;
  return entry;
}

}  // namespace

Roots::Roots() { index_.media_type = oci::kOciIndex; }

std::vector<std::string> Roots::tags() const {
  std::vector<std::string> tags;
  for (const auto& entry : index_.manifests) {
    if (auto tag = annotation(entry, oci::kRefNameAnnotation); !tag.empty()) tags.push_back(std::move(tag));
  }
  return sorted(std::move(tags));
}

std::optional<oci::Descriptor> Roots::find(const std::string& tag, const std::string& place) const {
  for (const std::string_view key : {oci::kRefNameAnnotation, kImageNameAnnotation}) {
    std::vector<const oci::Descriptor*> found;
    for (const auto& entry : index_.manifests) {
      if (tag.empty() || annotation(entry, key) == tag) found.push_back(&entry);
    }
    if (found.empty()) continue;
    const bool same = std::all_of(found.begin(), found.end(),
                                  [&](const auto* entry) { return entry->digest == found.front()->digest; });
    if (same) return *found.front();

    std::vector<std::string> names;
    for (const auto* entry : found) {
      std::string name = annotation(*entry, tag.empty() ? oci::kRefNameAnnotation : kImageNameAnnotation);
      names.push_back(name.empty() ? entry->digest.to_string() : std::move(name));
    }
    throw ConfigError(place + (tag.empty() ? " holds several images" : ": several images are called \"" + tag + "\""),
                      "choose one of " + tag_list(sorted(std::move(names))));
  }
  return std::nullopt;
}

std::optional<oci::Descriptor> Roots::find(const oci::Digest& digest) const {
  for (const auto& entry : index_.manifests) {
    if (entry.digest == digest) return entry;
  }
  return std::nullopt;
}

void Roots::tag(const oci::Descriptor& manifest, const std::string& tag) {
  auto& entries = index_.manifests;
  oci::Descriptor entry = bare(manifest);
  entry.annotations.emplace(oci::kRefNameAnnotation, tag);
  // The new entry takes the place of the tag's old one, or of the same image without a name.
  auto place = std::find_if(entries.begin(), entries.end(),
                            [&](const auto& old) { return annotation(old, oci::kRefNameAnnotation) == tag; });
  if (place == entries.end()) {
    place = std::find_if(entries.begin(), entries.end(), [&](const auto& old) {
      return old.digest == manifest.digest && annotation(old, oci::kRefNameAnnotation).empty();
    });
  }
  if (place == entries.end()) {
    entries.push_back(std::move(entry));
    return;
  }
  *place = std::move(entry);
  entries.erase(std::remove_if(place + 1, entries.end(),
                               [&](const auto& old) { return annotation(old, oci::kRefNameAnnotation) == tag; }),
                entries.end());
}

void Roots::add(const oci::Descriptor& manifest) {
  if (!find(manifest.digest)) index_.manifests.push_back(bare(manifest));
}

void UntaggedManifests::add(const oci::RawManifest& manifest, bool tagged) {
  if (oci::is_index(manifest.descriptor.media_type)) {
    for (const auto& child : oci::parse_index(manifest.bytes).manifests) children_.insert(child.digest);
  }
  if (!tagged) untagged_.push_back(manifest.descriptor);
}

std::vector<oci::Descriptor> UntaggedManifests::roots() const {
  std::vector<oci::Descriptor> roots;
  for (const auto& manifest : untagged_) {
    if (!has_child(manifest.digest)) roots.push_back(manifest);
  }
  return roots;
}

void UntaggedManifests::clear() {
  untagged_.clear();
  children_.clear();
}

void check_manifest(const oci::RawManifest& manifest) {
  const auto& descriptor = manifest.descriptor;
  if (manifest.bytes.size() > oci::kMaxManifestBytes) {
    throw FormatError("manifest of " + std::to_string(manifest.bytes.size()) + " bytes, at most " +
                      std::to_string(oci::kMaxManifestBytes) + " are stored");
  }
  if (descriptor.media_type.empty()) throw FormatError("manifest without a media type cannot be stored");
  io::verify_bytes(as_bytes(manifest.bytes), descriptor.digest, "manifest");
  if (descriptor.size != manifest.bytes.size()) {
    throw FormatError("manifest has " + std::to_string(manifest.bytes.size()) + " bytes, its descriptor says " +
                      std::to_string(descriptor.size));
  }
  // Its children decide what is listed, so it must be readable before anything is written.
  if (oci::is_index(descriptor.media_type)) static_cast<void>(oci::parse_index(manifest.bytes));
}

void manifest_not_found(const std::string& place, const std::string& tag_or_digest,
                        const std::vector<std::string>& tags) {
  const std::string what = tag_or_digest.empty() ? "no image in it" : "no image \"" + tag_or_digest + "\" in it";
  RegistryError::Fields fields;
  fields.status = 404;
  throw NotFound(place + ": " + what, std::move(fields), tags.empty() ? "" : "its tags are " + tag_list(tags));
}

}  // namespace accel::store::detail
