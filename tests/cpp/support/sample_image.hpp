/// Small images for tests of everything that stores or moves them. Layers hold text, which only formats would mind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/io/memory.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/oci/repository.hpp"

namespace accel::testing {

/// Writes `content` as a blob and gives its descriptor.
inline oci::Descriptor write_blob(oci::Repository& repository, std::string_view media_type, std::string_view content) {
  auto blob = oci::describe(media_type, content);
  const auto writer = repository.create_blob(content.size(), {});
  writer->write(as_bytes(content));
  writer->commit(blob.digest, blob.size);
  return blob;
}

/// The whole blob, verified.
inline std::string read_blob(oci::Repository& repository, const oci::Descriptor& blob) {
  const auto stream = repository.open_blob(blob, {});
  return to_string(io::read_all(*stream, 64U << 20U));
}

/// Puts a document and gives it as a repository would.
inline oci::RawManifest put_document(oci::Repository& repository, const std::string& tag, std::string_view media_type,
                                     std::string text) {
  oci::RawManifest manifest{oci::describe(media_type, text), std::move(text)};
  repository.put_manifest(manifest, tag, {});
  return manifest;
}

/// Puts an image of one plain layer that holds `content`.
inline oci::RawManifest put_image(oci::Repository& repository, const std::string& tag, std::string_view content) {
  oci::ImageConfig config;
  config.platform = oci::Platform::parse("linux/amd64");
  config.diff_ids = {oci::describe(oci::kOciLayer, content).digest};
  oci::Manifest manifest;
  manifest.media_type = oci::kOciManifest;
  manifest.config = write_blob(repository, oci::kOciConfig, oci::to_json(config, false));
  manifest.layers = {write_blob(repository, oci::kOciLayer, content)};
  return put_document(repository, tag, oci::kOciManifest, oci::to_json(manifest));
}

/// Puts an index of `children`.
inline oci::RawManifest put_index(oci::Repository& repository, const std::string& tag,
                                  std::vector<oci::Descriptor> children) {
  oci::Index index;
  index.media_type = oci::kOciIndex;
  index.manifests = std::move(children);
  return put_document(repository, tag, oci::kOciIndex, oci::to_json(index));
}

/// Puts an artifact of type "application/example" whose subject is `subject`.
inline oci::RawManifest put_referrer(oci::Repository& repository, const std::string& tag,
                                     const oci::Descriptor& subject) {
  oci::Manifest artifact;
  artifact.media_type = oci::kOciManifest;
  artifact.artifact_type = "application/example";
  artifact.config = write_blob(repository, oci::kOciEmpty, "{}");
  artifact.subject = subject;
  artifact.annotations = {{"key", "text"}};
  return put_document(repository, tag, oci::kOciManifest, oci::to_json(artifact));
}

}  // namespace accel::testing
