#include "accel/convert/recrypt.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/blob_sink.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/layer_descriptor.hpp"
#include "accel/convert/written_again.hpp"
#include "accel/oci/annotation.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kPiece = 256U << 10U;

/// The numbers of the layers to encrypt: from 0, negative ones from the end, none = all.
bool is_selected(const std::vector<int>& numbers, std::size_t layer, std::size_t count) {
  if (numbers.empty()) return true;
  const auto at = static_cast<std::int64_t>(layer);
  const auto end = static_cast<std::int64_t>(count);
  return std::any_of(numbers.begin(), numbers.end(), [&](int n) { return n == at || n + end == at; });
}

void check_numbers(const std::vector<int>& numbers, std::size_t count) {
  const auto end = static_cast<std::int64_t>(count);
  for (const int number : numbers) {
    if (number >= end || number < -end) {
      throw ConfigError("layer " + std::to_string(number) + " is to be encrypted, but an image has " +
                            std::to_string(count) + " layers",
                        "0 is the first layer, -1 the last");
    }
  }
}

/// Attestations and other artifacts are no images, though some of them have the config of one: they hold no layer that
/// is a tar.
bool is_image(const oci::Manifest& manifest) {
  return oci::is_config(manifest.config.media_type) &&
         std::any_of(manifest.layers.begin(), manifest.layers.end(), [](const oci::Descriptor& layer) {
           return oci::is_layer(crypt::plain_media_type(layer.media_type));
         });
}

oci::RawManifest raw_of(const oci::Descriptor& old, std::string media_type, std::string bytes) {
  oci::RawManifest raw;
  raw.descriptor = oci::describe(media_type.empty() ? old.media_type : media_type, bytes);
  raw.bytes = std::move(bytes);
  return raw;
}

}  // namespace

Recrypt::Recrypt(const CopyRequest& request, const DocumentSet& documents)
    : documents_(documents),
      keys_(crypt::DecryptKeys::load(request.decrypt_keys)),
      recipients_(crypt::Recipients::load(request.encryption_keys)),
      numbers_(request.encrypt_layers) {
  for (const oci::RawManifest& raw : documents.manifests()) plan(oci::parse_manifest(raw.bytes));
}

Recrypt::Changes Recrypt::changes_of(const oci::Manifest& manifest) const {
  Changes changes;
  const bool may_encrypt = !recipients_.empty() && is_image(manifest);
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = manifest.layers[i];
    const bool was_encrypted = crypt::is_encrypted(layer.media_type);
    // Of all layers those that are tars; by number also others, for instance blobs of lazy formats.
    const bool fits = !numbers_.empty() || (oci::is_layer(crypt::plain_media_type(layer.media_type)) &&
                                            !oci::is_foreign_layer(layer.media_type));
    const bool encrypt = may_encrypt && fits && is_selected(numbers_, i, manifest.layers.size());
    if (encrypt && was_encrypted && keys_.empty()) {
      throw ConfigError("layer " + layer.digest.short_string() + " is encrypted already",
                        "give its key too (--decrypt-key), so that it can be encrypted anew");
    }
    changes.emplace_back(was_encrypted && !keys_.empty(), encrypt);
  }
  return changes;
}

void Recrypt::plan(const oci::Manifest& manifest) {
  if (!recipients_.empty() && is_image(manifest)) {
    check_numbers(numbers_, manifest.layers.size());
  }
  const Changes changes = changes_of(manifest);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [decrypt, encrypt] = changes[i];
    const oci::Descriptor& source = manifest.layers[i];
    if (!decrypt && !encrypt) {
      kept_.insert(source.digest);
    } else if (places_.emplace(std::pair(source.digest, encrypt), layers_.size()).second) {
      Layer& layer = layers_.emplace_back();
      layer.source = source;
      layer.encrypt = encrypt;
      if (decrypt) {
        with_layer_context(source.digest, [&] { layer.key = crypt::LayerKey::unwrap(source.annotations, keys_); });
      }
    }
  }
}

std::vector<oci::Descriptor> Recrypt::kept_blobs() const {
  std::vector<oci::Descriptor> kept;
  for (const oci::Descriptor& blob : documents_.blobs()) {
    const bool changes = places_.contains({blob.digest, false}) || places_.contains({blob.digest, true});
    if (!changes || kept_.contains(blob.digest)) kept.push_back(blob);
  }
  return kept;
}

void Recrypt::run(std::size_t i, oci::Repository& source, oci::Repository& target, JobState& job,
                  const CancelToken& cancel) {
  Layer& layer = layers_[i];
  const std::string id = layer.source.digest.to_string();
  job.reporter.event("push", id, ProgressState::started, 0, layer.source.size);
  written_again([&] { attempt(layer, source, target, job, cancel); });
  job.reporter.event("push", id, ProgressState::done, layer.source.size, layer.source.size,
                     layer.encrypt ? "encrypted" : "decrypted");
}

void Recrypt::attempt(Layer& layer, oci::Repository& source, oci::Repository& target, JobState& job,
                      const CancelToken& cancel) const {
  const std::string id = layer.source.digest.to_string();
  const auto stored = source.open_blob(layer.source, cancel);
  const auto decrypted = layer.key ? layer.key->decrypt(*stored) : nullptr;
  io::ByteStream& plain = decrypted ? *decrypted : *stored;
  BlobSink sink(target.create_blob(layer.source.size, cancel), job.tally);
  crypt::LayerEncryptor encryptor(sink);
  io::ByteSink& end = layer.encrypt ? static_cast<io::ByteSink&>(encryptor) : sink;
  Buffer piece;
  piece.resize(kPiece);
  std::uint64_t done = 0;
  for (;;) {
    cancel.check();
    const std::size_t count = plain.read({piece.data(), piece.size()});
    if (count == 0) break;
    end.write(piece.view().first(count));
    done += count;
    job.tally.read += count;
    job.reporter.event("push", id, ProgressState::running, done, layer.source.size);
  }
  layer.annotations = layer.encrypt ? encryptor.finish(recipients_) : crypt::Annotations();
  const oci::Descriptor written = sink.commit();
  layer.digest = written.digest;
  layer.size = written.size;
}

oci::RawManifest Recrypt::rewrite_manifest(const oci::RawManifest& raw) const {
  oci::Manifest manifest = oci::parse_manifest(raw.bytes);
  const oci::Manifest before = manifest;
  const Changes changes = changes_of(manifest);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [decrypt, encrypt] = changes[i];
    if (!decrypt && !encrypt) continue;
    oci::Descriptor& descriptor = manifest.layers[i];
    const Layer& layer = layers_[places_.at({descriptor.digest, encrypt})];
    descriptor.media_type = crypt::plain_media_type(descriptor.media_type);
    descriptor.annotations = crypt::plain_annotations(descriptor.annotations);
    if (encrypt) {
      descriptor.media_type = crypt::encrypted_media_type(oci::docker_to_oci(descriptor.media_type));
      descriptor.annotations.insert(layer.annotations.begin(), layer.annotations.end());
    }
    oci::Descriptor content;
    content.digest = layer.digest;
    content.size = layer.size;
    set_content(descriptor, content);
    descriptor.urls.clear();
  }
  if (manifest == before) return raw;
  std::string media_type = raw.descriptor.media_type;
  if (std::any_of(changes.begin(), changes.end(), [](const auto& change) { return change.second; })) {
    media_type = oci::docker_to_oci(media_type);
    manifest.media_type = media_type;
    manifest.config.media_type = oci::docker_to_oci(manifest.config.media_type);
    for (oci::Descriptor& layer : manifest.layers) layer.media_type = oci::docker_to_oci(layer.media_type);
  }
  return raw_of(raw.descriptor, media_type, oci::to_json(manifest));
}

oci::RawManifest Recrypt::rewrite_index(const oci::RawManifest& raw,
                                        const std::map<hash::Digest, oci::RawManifest>& changed) {
  oci::Index index = oci::parse_index(raw.bytes);
  const oci::Index before = index;
  const std::string reference(oci::kReferenceDigestAnnotation);
  bool oci_children = false;
  for (oci::Descriptor& child : index.manifests) {
    if (const auto found = changed.find(child.digest); found != changed.end()) {
      oci_children |= !oci::is_docker(found->second.descriptor.media_type);
      child.media_type = found->second.descriptor.media_type;
      set_content(child, found->second.descriptor);
    }
    // An attestation names the manifest it is about, which has another digest now.
    if (const auto about = child.annotations.find(reference); about != child.annotations.end()) {
      const auto found = changed.find(hash::Digest::try_parse(about->second));
      if (found != changed.end()) about->second = found->second.descriptor.digest.to_string();
    }
  }
  if (index == before) return raw;
  std::string media_type = raw.descriptor.media_type;
  if (oci_children) {
    media_type = oci::docker_to_oci(media_type);
    index.media_type = media_type;
  }
  return raw_of(raw.descriptor, media_type, oci::to_json(index));
}

Recrypt::Documents Recrypt::documents(const oci::RawManifest& root) const {
  Documents result;
  result.root = root;
  std::map<hash::Digest, oci::RawManifest> changed;
  const auto add = [&](const oci::RawManifest& old, oci::RawManifest fresh, std::vector<oci::RawManifest>& to) {
    if (fresh.descriptor.digest != old.descriptor.digest) changed.emplace(old.descriptor.digest, fresh);
    if (old.descriptor.digest == root.descriptor.digest) result.root = fresh;
    to.push_back(std::move(fresh));
  };
  for (const oci::RawManifest& raw : documents_.manifests()) add(raw, rewrite_manifest(raw), result.manifests);
  for (const oci::RawManifest& raw : documents_.indexes()) add(raw, rewrite_index(raw, changed), result.indexes);
  return result;
}

}  // namespace accel::convert
