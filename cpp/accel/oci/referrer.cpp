#include "accel/oci/referrer.hpp"

#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::oci {

std::optional<Digest> subject_of(const RawManifest& manifest) {
  std::optional<Descriptor> subject;
  if (is_manifest(manifest.descriptor.media_type)) subject = parse_manifest(manifest.bytes).subject;
  if (is_index(manifest.descriptor.media_type)) subject = parse_index(manifest.bytes).subject;
  if (!subject) return std::nullopt;
  return subject->digest;
}

Descriptor describe_referrer(const RawManifest& manifest) {
  Descriptor descriptor;
  descriptor.media_type = manifest.descriptor.media_type;
  descriptor.digest = manifest.descriptor.digest;
  descriptor.size = manifest.descriptor.size;
  if (is_index(descriptor.media_type)) {
    auto index = parse_index(manifest.bytes);
    descriptor.artifact_type = std::move(index.artifact_type);
    descriptor.annotations = std::move(index.annotations);
  } else {
    auto parsed = parse_manifest(manifest.bytes);
    descriptor.artifact_type = parsed.artifact_type.empty() ? parsed.config.media_type : parsed.artifact_type;
    descriptor.annotations = std::move(parsed.annotations);
  }
  return descriptor;
}

std::string referrers_tag(const Digest& subject) {
  constexpr std::size_t kMaxHex = 64;  // the spec's truncation, which keeps the tag of a sha512 within 128 characters
  const std::string text = subject.to_string();
  return text.substr(0, text.find(':')) + "-" + subject.hex().substr(0, kMaxHex);
}

}  // namespace accel::oci
