#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::oci {

namespace {

// Members each kind of document knows; everything else is kept as it is. "schemaVersion" is always 2, so no value
// holds it.
constexpr std::array<std::string_view, 7> kManifestMembers{"schemaVersion", "mediaType", "artifactType", "config",
                                                           "layers",        "subject",   "annotations"};
constexpr std::array<std::string_view, 6> kIndexMembers{"schemaVersion", "mediaType", "artifactType",
                                                        "manifests",     "subject",   "annotations"};
constexpr std::array<std::string_view, 7> kDescriptorMembers{"mediaType",   "digest",   "size",        "urls",
                                                             "annotations", "platform", "artifactType"};
constexpr std::array<std::string_view, 5> kPlatformMembers{"architecture", "os", "os.version", "os.features",
                                                           "variant"};

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

UnknownMembers unknown_members(const json::Object& object, std::span<const std::string_view> known) {
  UnknownMembers unknown;
  for (const auto& member : object.members()) {
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    for (const auto name : known) {
      // Go matches names whatever their case, so it and we would see different documents under one digest.
      if (equal_but_for_case(member.name, name)) {
        object.value(member).fail("differs from member \"" + std::string(name) + "\" only in case");
      }
    }
    unknown.emplace(member.name, object.value(member).compact());
  }
  return unknown;
}

std::string text_or_empty(const json::Object& object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->text() : std::string();
}

std::vector<std::string> text_list(const json::Object& object, std::string_view name) {
  std::vector<std::string> list;
  if (const auto value = object.find(name)) {
    for (const auto& element : value->elements()) list.push_back(element.text());
  }
  return list;
}

Annotations read_annotations(const json::Object& object) {
  Annotations annotations;
  if (const auto value = object.find("annotations")) {
    const auto map = value->object();
    for (const auto& member : map.members()) annotations.emplace(member.name, map.value(member).text());
  }
  return annotations;
}

Digest read_digest(const json::Value& value) {
  const std::string text = value.text();
  Digest digest = Digest::try_parse(text);
  if (digest.empty()) value.fail("want a sha256 or sha512 digest, got \"" + text.substr(0, 140) + "\"");
  return digest;
}

Platform read_platform(const json::Value& value) {
  const auto object = value.object();
  Platform platform;
  platform.architecture = text_or_empty(object, "architecture");
  platform.os = text_or_empty(object, "os");
  platform.os_version = text_or_empty(object, "os.version");
  platform.os_features = text_list(object, "os.features");
  platform.variant = text_or_empty(object, "variant");
  platform.unknown = unknown_members(object, kPlatformMembers);
  return platform;
}

Descriptor read_descriptor(const json::Value& value) {
  const auto object = value.object();
  Descriptor descriptor;
  descriptor.media_type = object.at("mediaType").text();
  descriptor.digest = read_digest(object.at("digest"));
  const auto size = object.at("size");
  descriptor.size = size.unsigned_integer();
  // The spec's int64: a bigger one would be read as negative elsewhere.
  if (descriptor.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    size.fail("more than 2^63-1 bytes");
  }
  descriptor.urls = text_list(object, "urls");
  descriptor.annotations = read_annotations(object);
  if (const auto platform = object.find("platform")) descriptor.platform = read_platform(*platform);
  descriptor.artifact_type = text_or_empty(object, "artifactType");
  descriptor.unknown = unknown_members(object, kDescriptorMembers);
  return descriptor;
}

std::vector<Descriptor> read_descriptors(const json::Object& object, std::string_view name) {
  std::vector<Descriptor> list;
  if (const auto value = object.find(name)) {
    for (const auto& element : value->elements(kMaxDescriptors)) list.push_back(read_descriptor(element));
  }
  return list;
}

std::optional<Descriptor> read_subject(const json::Object& object) {
  const auto value = object.find("subject");
  if (!value) return std::nullopt;
  return read_descriptor(*value);
}

json::Value parse_document(std::string_view text, std::string_view what) {
  return json::parse(text, what, json::Limits{.max_bytes = kMaxManifestBytes});
}

/// What manifest and index have in common: schema 2, and no members of another kind of document, which would make
/// one digest mean different things to different readers (CVE-2021-41190).
void check_schema(const json::Object& object, std::string_view what, std::span<const std::string_view> foreign) {
  const auto version = object.find("schemaVersion");
  if ((version && version->raw() == "1") || object.contains("fsLayers")) {
    throw UnsupportedError(std::string(what) + ": Docker schema 1 manifests are not supported",
                           "push the image again with Docker 1.10 or later, or run \"skopeo copy --format v2s2\"");
  }
  if (version && version->raw() != "2") version->fail("want 2, got " + std::string(version->raw().substr(0, 40)));
  for (const auto name : foreign) {
    if (object.contains(name)) {
      throw FormatError(std::string(what) + ": member \"" + std::string(name) +
                        "\" belongs to another kind of document");
    }
  }
}

}  // namespace

Manifest parse_manifest(std::string_view json) {
  const auto object = parse_document(json, "manifest").object();
  constexpr std::array<std::string_view, 1> kForeign{"manifests"};
  check_schema(object, "manifest", kForeign);
  Manifest manifest;
  manifest.media_type = text_or_empty(object, "mediaType");
  if (!manifest.media_type.empty() && !is_manifest(manifest.media_type)) {
    object.at("mediaType").fail("\"" + manifest.media_type + "\" is no image manifest");
  }
  manifest.artifact_type = text_or_empty(object, "artifactType");
  manifest.config = read_descriptor(object.at("config"));
  manifest.layers = read_descriptors(object, "layers");
  manifest.subject = read_subject(object);
  manifest.annotations = read_annotations(object);
  manifest.unknown = unknown_members(object, kManifestMembers);
  return manifest;
}

Index parse_index(std::string_view json) {
  const auto object = parse_document(json, "index").object();
  constexpr std::array<std::string_view, 2> kForeign{"config", "layers"};
  check_schema(object, "index", kForeign);
  Index index;
  index.media_type = text_or_empty(object, "mediaType");
  if (!index.media_type.empty() && !is_index(index.media_type)) {
    object.at("mediaType").fail("\"" + index.media_type + "\" is no index");
  }
  if (!object.contains("manifests")) throw FormatError("index: no member \"manifests\"");
  index.artifact_type = text_or_empty(object, "artifactType");
  index.manifests = read_descriptors(object, "manifests");
  index.subject = read_subject(object);
  index.annotations = read_annotations(object);
  index.unknown = unknown_members(object, kIndexMembers);
  return index;
}

Descriptor parse_descriptor(std::string_view json) { return read_descriptor(parse_document(json, "descriptor")); }

ImageConfig parse_config(std::string_view json) {
  const auto object = parse_document(json, "config").object();
  const auto root = object.find("rootfs");
  if (!root) {
    throw FormatError("config: no member \"rootfs\": this is no image config",
                      "the manifest describes an artifact, not a container image");
  }
  const auto rootfs = root->object();
  if (const auto type = rootfs.find("type")) {
    // Docker writes "layers", cache images of the reference write "".
    const std::string text = type->text();
    if (!text.empty() && text != "layers") type->fail("want \"layers\", got \"" + text.substr(0, 40) + "\"");
  }

  ImageConfig config;
  config.document = json;
  config.platform.architecture = text_or_empty(object, "architecture");
  config.platform.os = text_or_empty(object, "os");
  config.platform.os_version = text_or_empty(object, "os.version");
  config.platform.os_features = text_list(object, "os.features");
  config.platform.variant = text_or_empty(object, "variant");
  if (const auto diff_ids = rootfs.find("diff_ids")) {
    for (const auto& diff_id : diff_ids->elements(kMaxDescriptors)) config.diff_ids.push_back(read_digest(diff_id));
  }
  if (const auto history = object.find("history")) {
    for (const auto& element : history->elements(kMaxDescriptors)) {
      const auto empty = element.object().find("empty_layer");
      config.history.push_back({std::string(element.raw()), empty && empty->boolean()});
    }
  }
  return config;
}

std::string sniff_media_type(std::string_view json) {
  const auto object = parse_document(json, "manifest").object();
  check_schema(object, "manifest", {});
  if (auto declared = text_or_empty(object, "mediaType"); !declared.empty()) return declared;
  if (object.contains("manifests")) return std::string(kOciIndex);
  if (object.contains("config")) return std::string(kOciManifest);
  throw FormatError("manifest: neither a media type nor the members of an index or a manifest");
}

}  // namespace accel::oci
