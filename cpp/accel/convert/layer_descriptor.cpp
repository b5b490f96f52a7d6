#include "accel/convert/layer_descriptor.hpp"

#include <string>
#include <string_view>

namespace accel::convert {

namespace {

/// `pattern` is a key or, with ".*" at its end, a prefix of keys.
bool drops(std::string_view pattern, std::string_view key) {
  if (!pattern.ends_with(".*")) return pattern == key;
  return key.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

void set_content(oci::Descriptor& descriptor, const oci::Descriptor& content) {
  if (descriptor.digest != content.digest) descriptor.unknown.erase("data");
  descriptor.digest = content.digest;
  descriptor.size = content.size;
}

void describe_converted(oci::Descriptor& descriptor, const ConvertedLayer& layer, bool twin) {
  set_content(descriptor, layer.blob);
  descriptor.media_type = layer.result.media_type;
  descriptor.urls.clear();
  for (const std::string& pattern : layer.result.drop_annotations) {
    std::erase_if(descriptor.annotations, [&](const auto& annotation) { return drops(pattern, annotation.first); });
  }
  for (const auto& [key, value] : twin ? layer.result.twin_annotations : layer.result.annotations) {
    descriptor.annotations[key] = value;
  }
}

}  // namespace accel::convert
