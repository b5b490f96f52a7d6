#include "accel/registry/manifest.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/net/redact.hpp"
#include "accel/net/retry.hpp"
#include "accel/net/text.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/oci/reference.hpp"
#include "accel/registry/referrer.hpp"

namespace accel::registry {

namespace {

std::string subject_of(const Place& place, const std::string& reference) {
  return "manifest " + reference + " of " + place.name();
}

/// The digest in `text`, or an empty one for a tag.
hash::Digest check_reference(const Place& place, const std::string& text) {
  const auto digest = hash::Digest::try_parse(text);
  if (digest.empty() && !oci::is_tag(text)) {
    throw InvalidReference("\"" + text + "\" is neither a tag nor a digest of " + place.name());
  }
  return digest;
}

std::string media_type_of(const Answer& answer) {
  const auto field = answer.headers.get("Content-Type");
  return net::to_lower(net::trim(field.substr(0, field.find(';'))));
}

bool is_manifest_type(const std::string& type) { return oci::is_index(type) || oci::is_manifest(type); }

Call manifest_call(const Place& place, const char* method, const std::string& reference) {
  Call call;
  call.method = method;
  call.path = place.path("manifests/" + reference);
  call.scopes = place.pull();
  call.subject = subject_of(place, reference);
  call.absent = oci::is_tag(reference) ? "check the names of repository and tag"
                                       : "the registry does not have it (any more); push the image again";
  call.headers.add("Accept", oci::manifest_accept_header());
  return call;
}

hash::Digest digest_of(std::string_view bytes, hash::Algorithm algorithm) {
  hash::Hasher hasher(algorithm);
  hasher.update(as_bytes(bytes));
  return hasher.finish();
}

void verify(const std::string& subject, std::string_view bytes, const hash::Digest& expected) {
  if (expected.empty()) return;
  const auto actual = digest_of(bytes, expected.algorithm());
  if (actual != expected) throw DigestMismatch(subject, expected.to_string(), actual.to_string(), bytes.size());
}

oci::RawManifest get_from(Host& host, const Place& place, const std::string& reference, const CancelToken& cancel) {
  const auto wanted = check_reference(place, reference);
  const Call call = manifest_call(place, "GET", reference);
  net::Retry retry(host.retry_policy(), host.services().retry, "GET " + call.subject, cancel);
  return retry.run([&] {
    Answer answer = host.send_once(call, {200}, cancel);
    auto bytes = net::read_all(*answer.body, oci::kMaxManifestBytes);
    if (!bytes) throw FormatError(call.subject + ": larger than 16 MiB");
    const auto announced = hash::Digest::try_parse(answer.headers.get("Docker-Content-Digest"));
    verify(call.subject, *bytes, wanted);
    verify(call.subject + " (Docker-Content-Digest)", *bytes, announced);
    oci::RawManifest manifest;
    manifest.descriptor.media_type = media_type_of(answer);
    if (!is_manifest_type(manifest.descriptor.media_type)) {
      manifest.descriptor.media_type = oci::sniff_media_type(*bytes);
    }
    manifest.descriptor.digest = !wanted.empty()      ? wanted
                                 : !announced.empty() ? announced
                                                      : digest_of(*bytes, hash::Algorithm::sha256);
    manifest.descriptor.size = bytes->size();
    manifest.bytes = std::move(*bytes);
    return manifest;
  });
}

/// Sends a manifest, whose digest is known to be right, until the registry has seen all that the manifest names.
/// QUIRK: docker-registry 2.8 rewrites the links of a repository in place. A request that reads one in the moment in
/// which it is empty, because another client pushes the same blob, is answered 400 DIGEST_INVALID. Registries on object
/// stores answer MANIFEST_BLOB_UNKNOWN until all their nodes see a blob.
Answer send_manifest(const Place& place, const Call& call, const CancelToken& cancel) {
  net::Retry retry(place.host->retry_policy(), place.host->services().retry, "PUT " + call.subject, cancel);
  return retry.run([&] {
    try {
      return place.host->send_once(call, {200, 201, 202}, cancel);
    } catch (const RegistryError& error) {
      RegistryError::Fields fields = error.fields();
      if (fields.code != "DIGEST_INVALID" && fields.code != "MANIFEST_BLOB_UNKNOWN") throw;
      fields.retryable = true;
      throw RegistryError(error.message(), std::move(fields),
                          "another client may be pushing the same blobs, or the registry lost one: try again");
    }
  });
}

}  // namespace

oci::RawManifest get_manifest(const Place& place, const std::string& tag_or_digest, const CancelToken& cancel) {
  return read_from_any(place, [&](Host& host) { return get_from(host, place, tag_or_digest, cancel); });
}

std::optional<oci::Descriptor> stat_manifest(const Place& place, const std::string& tag_or_digest,
                                             const CancelToken& cancel) {
  const auto wanted = check_reference(place, tag_or_digest);
  const Answer answer = place.host->send(manifest_call(place, "HEAD", tag_or_digest), {200, 404, 405}, cancel);
  if (answer.status == 404) return std::nullopt;
  oci::Descriptor descriptor;
  descriptor.media_type = media_type_of(answer);
  descriptor.digest = hash::Digest::try_parse(answer.headers.get("Docker-Content-Digest"));
  descriptor.size = answer.content_length.value_or(0);
  const bool complete = answer.status == 200 && is_manifest_type(descriptor.media_type) && !descriptor.digest.empty() &&
                        descriptor.size > 0;
  if (complete && (wanted.empty() || wanted == descriptor.digest)) return descriptor;
  try {
    return get_from(*place.host, place, tag_or_digest, cancel).descriptor;
  } catch (const NotFound&) {
    return std::nullopt;
  }
}

void put_manifest(const Place& place, const oci::RawManifest& manifest, const std::string& tag,
                  const CancelToken& cancel) {
  const std::string reference = tag.empty() ? manifest.descriptor.digest.to_string() : tag;
  check_reference(place, reference);
  Call call;
  call.method = "PUT";
  call.path = place.path("manifests/" + reference);
  call.scopes = place.push();
  call.subject = subject_of(place, reference);
  call.headers.add("Content-Type", manifest.descriptor.media_type);
  call.body = as_bytes(manifest.bytes);
  const Answer answer = send_manifest(place, call, cancel);
  const auto stored = hash::Digest::try_parse(answer.headers.get("Docker-Content-Digest"));
  if (!stored.empty() && stored.algorithm() == manifest.descriptor.digest.algorithm() &&
      stored != manifest.descriptor.digest) {
    throw DigestMismatch(call.subject + " at the registry", manifest.descriptor.digest.to_string(), stored.to_string(),
                         manifest.bytes.size(), kChangedHint);
  }
  if (!answer.headers.has("OCI-Subject")) add_to_fallback_tag(place, manifest, cancel);
}

}  // namespace accel::registry
