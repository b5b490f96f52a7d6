#include "accel/convert/layer_descriptor.hpp"

#include <string>
#include <string_view>

namespace accel::convert {

namespace {

/// `pattern` is a key or, with "*" at its end, a prefix of keys.
bool drops(std::string_view pattern, std::string_view key) {
  if (!pattern.ends_with("*")) return pattern == key;
  return key.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

void set_content(oci::Descriptor& descriptor, const oci::Descriptor& content) {
  if (descriptor.digest != content.digest) descriptor.unknown.erase("data");
  descriptor.digest = content.digest;
  descriptor.size = content.size;
}

void drop_annotations(oci::Annotations& annotations, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    std::erase_if(annotations, [&](const auto& annotation) { return drops(pattern, annotation.first); });
  }
}

void describe_converted(oci::Descriptor& descriptor, const ConvertedLayer& layer, bool twin) {
  set_content(descriptor, layer.blob);
  descriptor.media_type = layer.result.media_type;
  descriptor.urls.clear();
  drop_annotations(descriptor.annotations, layer.result.drop_annotations);
  for (const auto& [key, value] : twin ? layer.result.twin_annotations : layer.result.annotations) {
    descriptor.annotations[key] = value;
  }
}

}  // namespace accel::convert
