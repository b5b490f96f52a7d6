#include "accel/base/json.hpp"

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/oci/json.hpp"

namespace accel::oci {

namespace {

void add_text(json::ObjectWriter& writer, std::string_view name, std::string_view text) {
  if (!text.empty()) writer.add_text(name, text);
}

void add_list(json::ObjectWriter& writer, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const auto& text : texts) quoted.push_back(json::quote(text));
  writer.add(name, json::array(quoted));
}

void add_annotations(json::ObjectWriter& writer, const Annotations& annotations) {
  if (annotations.empty()) return;
  json::ObjectWriter map;
  for (const auto& [key, text] : annotations) map.add_text(key, text);
  writer.add("annotations", map.finish());
}

void add_unknown(json::ObjectWriter& writer, const UnknownMembers& unknown) {
  for (const auto& [name, raw] : unknown) writer.add(name, raw);
}

std::string platform_json(const Platform& platform) {
  json::ObjectWriter writer;
  writer.add_text("architecture", platform.architecture);
  writer.add_text("os", platform.os);
  add_text(writer, "os.version", platform.os_version);
  add_list(writer, "os.features", platform.os_features);
  add_text(writer, "variant", platform.variant);
  add_unknown(writer, platform.unknown);
  return writer.finish();
}

std::string descriptors_json(const std::vector<Descriptor>& list) {
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const auto& descriptor : list) texts.push_back(to_json(descriptor));
  return json::array(texts);
}

/// The members of an object, in order, with those of `replace` changed; a replacement without text removes the member.
/// Replacements the object does not hold are added at its end.
std::string with_members(const json::Object& object,
                         const std::vector<std::pair<std::string_view, std::optional<std::string>>>& replace) {
  json::ObjectWriter writer;
  for (const auto& member : object.members()) {
    const auto found =
        std::find_if(replace.begin(), replace.end(), [&](const auto& item) { return item.first == member.name; });
    if (found == replace.end()) {
      writer.add(member.name, member.raw);
    } else if (found->second) {
      writer.add(member.name, *found->second);
    }
  }
  for (const auto& [name, raw] : replace) {
    if (raw && !object.contains(name)) writer.add(name, *raw);
  }
  return writer.finish();
}

}  // namespace

std::string to_json(const Descriptor& descriptor) {
  json::ObjectWriter writer;
  writer.add_text("mediaType", descriptor.media_type);
  writer.add_text("digest", descriptor.digest.to_string());
  writer.add("size", std::to_string(descriptor.size));
  add_list(writer, "urls", descriptor.urls);
  add_annotations(writer, descriptor.annotations);
  if (descriptor.platform) writer.add("platform", platform_json(*descriptor.platform));
  add_text(writer, "artifactType", descriptor.artifact_type);
  add_unknown(writer, descriptor.unknown);
  return writer.finish();
}

std::string to_json(const Manifest& manifest) {
  json::ObjectWriter writer;
  writer.add("schemaVersion", "2");
  add_text(writer, "mediaType", manifest.media_type);
  add_text(writer, "artifactType", manifest.artifact_type);
  writer.add("config", to_json(manifest.config));
  writer.add("layers", descriptors_json(manifest.layers));
  if (manifest.subject) writer.add("subject", to_json(*manifest.subject));
  add_annotations(writer, manifest.annotations);
  add_unknown(writer, manifest.unknown);
  return writer.finish();
}

std::string to_json(const Index& index) {
  json::ObjectWriter writer;
  writer.add("schemaVersion", "2");
  add_text(writer, "mediaType", index.media_type);
  add_text(writer, "artifactType", index.artifact_type);
  writer.add("manifests", descriptors_json(index.manifests));
  if (index.subject) writer.add("subject", to_json(*index.subject));
  add_annotations(writer, index.annotations);
  add_unknown(writer, index.unknown);
  return writer.finish();
}

std::string to_json(const ImageConfig& config, bool drop_parent_image) {
  std::vector<std::string> diff_ids;
  for (const auto& diff_id : config.diff_ids) diff_ids.push_back(json::quote(diff_id.to_string()));
  std::vector<std::string> history;
  for (const auto& entry : config.history) history.push_back(entry.json);

  std::string empty;
  if (config.document.empty()) empty = platform_json(config.platform);
  const std::string& document = config.document.empty() ? empty : config.document;
  const auto object = json::parse(document, "config", json::Limits{.max_bytes = kMaxManifestBytes}).object();

  std::vector<std::pair<std::string_view, std::optional<std::string>>> replace;
  const auto rootfs = object.find("rootfs");
  replace.emplace_back("rootfs", rootfs ? with_members(rootfs->object(), {{"diff_ids", json::array(diff_ids)}})
                                        : R"({"type":"layers","diff_ids":)" + json::array(diff_ids) + "}");
  if (!history.empty()) {
    replace.emplace_back("history", json::array(history));
  } else if (object.find("history")) {
    replace.emplace_back("history", std::nullopt);  // no history is written as no member (correction 16)
  }
  if (drop_parent_image) {
    for (const std::string_view name : {"config", "container_config"}) {
      const auto member = object.find(name);
      if (member) replace.emplace_back(name, with_members(member->object(), {{"Image", std::nullopt}}));
    }
  }
  std::string text = with_members(object, replace);
  json::parse(text, "config", json::Limits{.max_bytes = kMaxManifestBytes});  // History::json comes from anywhere
  return text;
}

Descriptor describe(std::string_view media_type, std::string_view bytes) {
  Descriptor descriptor;
  descriptor.media_type = media_type;
  descriptor.digest = hash::sha256(as_bytes(bytes));
  descriptor.size = bytes.size();
  return descriptor;
}

std::size_t non_empty_history(const ImageConfig& config) noexcept {
  return static_cast<std::size_t>(std::count_if(config.history.begin(), config.history.end(),
                                                [](const History& entry) { return !entry.empty_layer; }));
}

}  // namespace accel::oci
