#include "accel/cache/record.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/cache/annotation.hpp"

namespace accel::cache {

namespace {

/// A layer's JSON text is a few hundred bytes; a TOC's annotations in a twin may be longer.
constexpr json::Limits kLayerLimits{.max_bytes = 64U << 10U, .max_depth = 4, .max_values = 1000};

// Members of kLayerKey's object.
constexpr std::string_view kDiffId = "diff_id";
constexpr std::string_view kSourceDiffId = "source_diff_id";
constexpr std::string_view kUncompressedSize = "uncompressed_size";
constexpr std::string_view kPartBytes = "part_bytes";
constexpr std::string_view kDropAnnotations = "drop_annotations";
constexpr std::string_view kTwinAnnotations = "twin_annotations";
constexpr std::string_view kRefersToSource = "refers_to_source";
constexpr std::string_view kExternalToc = "external_toc";

std::string layer_json(const LayerRecord& record) {
  json::ObjectWriter writer;
  writer.add_text(kDiffId, record.diff_id.to_string());
  writer.add_text(kSourceDiffId, record.source_diff_id.to_string());
  writer.add(kUncompressedSize, std::to_string(record.uncompressed_size));
  if (record.part_bytes > 0) writer.add(kPartBytes, std::to_string(record.part_bytes));
  if (!record.drop_annotations.empty()) {
    std::vector<std::string> keys;
    for (const std::string& key : record.drop_annotations) keys.push_back(json::quote(key));
    writer.add(kDropAnnotations, json::array(keys));
  }
  if (!record.twin_annotations.empty()) {
    json::ObjectWriter twin;
    for (const auto& [key, value] : record.twin_annotations) twin.add_text(key, value);
    writer.add(kTwinAnnotations, twin.finish());
  }
  if (record.refers_to_source) writer.add(kRefersToSource, "true");
  if (record.external_toc) {
    json::ObjectWriter toc;
    toc.add_text("digest", record.external_toc->digest.to_string());
    toc.add("size", std::to_string(record.external_toc->size));
    writer.add(kExternalToc, toc.finish());
  }
  return writer.finish();
}

hash::Digest digest_in(const json::Value& value) {
  const hash::Digest digest = hash::Digest::try_parse(value.text());
  if (digest.empty()) value.fail("want a digest");
  return digest;
}

oci::Descriptor external_toc_in(const json::Value& value) {
  const json::Object object = value.object();
  oci::Descriptor toc;
  toc.digest = digest_in(object.at("digest"));
  toc.size = object.at("size").unsigned_integer();
  return toc;
}

void read_member(const json::Value& value, std::string_view name, LayerRecord& record) {
  if (name == kDiffId) {
    record.diff_id = digest_in(value);
  } else if (name == kSourceDiffId) {
    record.source_diff_id = digest_in(value);
  } else if (name == kUncompressedSize) {
    record.uncompressed_size = value.unsigned_integer();
  } else if (name == kPartBytes) {
    record.part_bytes = value.unsigned_integer();
  } else if (name == kDropAnnotations) {
    for (const json::Value& key : value.elements()) record.drop_annotations.push_back(key.text());
  } else if (name == kTwinAnnotations) {
    const json::Object map = value.object();
    for (const auto& member : map.members()) record.twin_annotations.emplace(member.name, map.value(member).text());
  } else if (name == kRefersToSource) {
    record.refers_to_source = value.boolean();
  } else if (name == kExternalToc) {
    record.external_toc = external_toc_in(value);
  } else {
    // A later version may have put there what decides whether the layer is right.
    value.fail("is not known to this version");
  }
}

void read_layer_json(std::string_view text, LayerRecord& record) {
  const json::Object object = json::parse(text, kLayerKey, kLayerLimits).object();
  for (const auto& member : object.members()) read_member(object.value(member), member.name, record);
  if (record.diff_id.empty() || record.source_diff_id.empty()) {
    throw FormatError("annotation " + std::string(kLayerKey) + " lacks a diffID");
  }
  if (record.part_bytes > record.target.size) {
    throw FormatError("annotation " + std::string(kLayerKey) + " says that its part is larger than the blob");
  }
}

/// Takes an annotation out of `annotations`; nothing when it is absent.
std::optional<std::string> take(oci::Annotations& annotations, std::string_view key) {
  auto found = annotations.extract(std::string(key));
  if (found.empty()) return std::nullopt;
  return std::move(found.mapped());
}

std::string require(std::optional<std::string> value, std::string_view key) {
  if (!value) throw FormatError("annotation " + std::string(key) + " is missing");
  return std::move(*value);
}

hash::Digest require_digest(std::optional<std::string> value, std::string_view key) {
  const std::string text = require(std::move(value), key);
  const hash::Digest digest = hash::Digest::try_parse(text);
  if (digest.empty()) {
    throw FormatError("annotation " + std::string(key) + " is no digest but '" + text.substr(0, 100) + "'");
  }
  return digest;
}

std::uint64_t require_count(std::optional<std::string> value, std::string_view key) {
  const std::string text = require(std::move(value), key);
  std::uint64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw FormatError("annotation " + std::string(key) + " is no number but '" + text.substr(0, 100) + "'");
  }
  return count;
}

}  // namespace

oci::Descriptor to_descriptor(const LayerRecord& record, bool for_reference) {
  oci::Descriptor layer = record.target;
  const auto set = [&](std::string_view key, std::string value) {
    layer.annotations[std::string(key)] = std::move(value);
  };
  if (for_reference) set(kSourceDigestKey, record.key.source.to_string());
  if (!record.is_usable()) return layer;
  set(kSourceKey, record.key.source.to_string());
  set(kFingerprintKey, record.key.fingerprint.to_string());
  set(kFormatKey, record.format);
  set(kLastUseKey, std::to_string(record.last_use));
  set(kLayerKey, layer_json(record));
  return layer;
}

LayerRecord parse_record(const oci::Descriptor& layer) {
  LayerRecord record;
  record.target = layer;
  oci::Annotations& annotations = record.target.annotations;
  auto referenced = take(annotations, kSourceDigestKey);
  auto fingerprint = take(annotations, kFingerprintKey);
  if (!fingerprint) {
    std::erase_if(annotations, [](const auto& annotation) { return annotation.first.starts_with(kOwnPrefix); });
    record.key.source = require_digest(std::move(referenced), kSourceDigestKey);
    return record;
  }
  record.key.source = require_digest(take(annotations, kSourceKey), kSourceKey);
  if (referenced && require_digest(std::move(referenced), kSourceDigestKey) != record.key.source) {
    throw FormatError("annotations " + std::string(kSourceDigestKey) + " and " + std::string(kSourceKey) +
                      " name different layers");
  }
  record.key.fingerprint = require_digest(std::move(fingerprint), kFingerprintKey);
  record.format = require(take(annotations, kFormatKey), kFormatKey);
  record.last_use = require_count(take(annotations, kLastUseKey), kLastUseKey);
  read_layer_json(require(take(annotations, kLayerKey), kLayerKey), record);
  return record;
}

}  // namespace accel::cache
