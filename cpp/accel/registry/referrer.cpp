#include "accel/registry/referrer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/net/text.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/registry/link.hpp"
#include "accel/registry/manifest.hpp"

namespace accel::registry {

namespace {

constexpr std::size_t kMaxPages = 1000;
constexpr int kMaxTagRounds = 5;

/// Nothing when the registry has no referrers API.
std::optional<std::vector<oci::Descriptor>> ask_api(Host& host, const Place& place, const hash::Digest& subject,
                                                    const CancelToken& cancel) {
  Call call;
  call.path = place.path("referrers/" + subject.to_string());
  call.scopes = place.pull();
  call.subject = "referrers of " + subject.short_string() + " in " + place.name();
  call.headers.add("Accept", std::string(oci::kOciIndex));
  std::vector<oci::Descriptor> found;
  for (std::size_t page = 0; page < kMaxPages; ++page) {
    Answer answer = host.send(call, {200, 400, 404, 405, 501}, cancel);
    // A registry that does not know the route may also send a page for browsers with 200.
    const bool is_index = answer.headers.get("Content-Type").starts_with(oci::kOciIndex);
    if (answer.status != 200 || !is_index) return page == 0 ? std::nullopt : std::optional(std::move(found));
    const auto bytes = net::read_all(*answer.body, oci::kMaxManifestBytes);
    if (!bytes) throw FormatError(call.subject + ": larger than 16 MiB");
    auto index = oci::parse_index(*bytes);
    std::move(index.manifests.begin(), index.manifests.end(), std::back_inserter(found));
    auto next = next_page(answer, call.subject);
    if (!next) return found;
    call.url = std::move(*next);
  }
  throw FormatError(call.subject + ": more than 1000 pages");
}

/// The fallback tag's index; an empty one when there is none.
oci::Index read_fallback(const Place& place, const hash::Digest& subject, const CancelToken& cancel) {
  oci::Index index;
  index.media_type = oci::kOciIndex;
  try {
    const auto raw = get_manifest(place, fallback_tag(subject), cancel);
    if (oci::is_index(raw.descriptor.media_type)) index = oci::parse_index(raw.bytes);
  } catch (const NotFound&) {
    // The first referrer.
  }
  return index;
}

/// What an index says about a referrer. Nothing when the manifest has no subject.
struct Referrer {
  hash::Digest subject;
  oci::Descriptor entry;
};

std::optional<Referrer> describe_referrer(const oci::RawManifest& raw) {
  Referrer referrer;
  referrer.entry.media_type = raw.descriptor.media_type;
  referrer.entry.digest = raw.descriptor.digest;
  referrer.entry.size = raw.descriptor.size;
  if (oci::is_index(raw.descriptor.media_type)) {
    auto index = oci::parse_index(raw.bytes);
    if (!index.subject) return std::nullopt;
    referrer.subject = index.subject->digest;
    referrer.entry.artifact_type = index.artifact_type;
    referrer.entry.annotations = std::move(index.annotations);
  } else {
    auto manifest = oci::parse_manifest(raw.bytes);
    if (!manifest.subject) return std::nullopt;
    referrer.subject = manifest.subject->digest;
    referrer.entry.artifact_type = manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type;
    referrer.entry.annotations = std::move(manifest.annotations);
  }
  return referrer;
}

bool lists(const oci::Index& index, const hash::Digest& digest) {
  return std::any_of(index.manifests.begin(), index.manifests.end(),
                     [&](const oci::Descriptor& entry) { return entry.digest == digest; });
}

}  // namespace

std::string fallback_tag(const hash::Digest& subject) {
  std::string tag = subject.to_string();
  std::replace(tag.begin(), tag.end(), ':', '-');
  constexpr std::size_t kMaxHex = 64;  // the schema cuts longer digests
  return tag.substr(0, tag.find('-') + 1 + kMaxHex);
}

std::vector<oci::Descriptor> list_referrers(const Place& place, const hash::Digest& subject,
                                            const CancelToken& cancel) {
  if (auto found = read_from_any(place, [&](Host& host) { return ask_api(host, place, subject, cancel); })) {
    return std::move(*found);
  }
  return read_fallback(place, subject, cancel).manifests;
}

void add_to_fallback_tag(const Place& place, const oci::RawManifest& manifest, const CancelToken& cancel) {
  const auto referrer = describe_referrer(manifest);
  if (!referrer) return;
  Place direct = place;
  direct.mirrors.clear();  // what is changed must be the registry's own
  const auto guard = place.host->referrers().lock(cancel);
  // Registries know no compare-and-swap: a writer elsewhere may replace the tag between our read and our write, so we
  // look again until our entry is there.
  for (int round = 0; round < kMaxTagRounds; ++round) {
    oci::Index index = read_fallback(direct, referrer->subject, cancel);
    if (lists(index, referrer->entry.digest)) return;
    index.manifests.push_back(referrer->entry);
    oci::RawManifest raw;
    raw.bytes = oci::to_json(index);
    raw.descriptor = oci::describe(oci::kOciIndex, raw.bytes);
    put_manifest(direct, raw, fallback_tag(referrer->subject), cancel);
  }
  if (!lists(read_fallback(direct, referrer->subject, cancel), referrer->entry.digest)) {
    RegistryError::Fields fields;
    fields.retryable = true;
    throw RegistryError("referrers tag " + fallback_tag(referrer->subject) + " of " + place.name() +
                            ": another writer keeps replacing it",
                        std::move(fields), "try again when the other conversions have ended");
  }
}

}  // namespace accel::registry
