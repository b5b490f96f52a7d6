#include "accel/registry/repository.hpp"

#include <utility>

#include "accel/registry/blob_pull.hpp"
#include "accel/registry/blob_push.hpp"
#include "accel/registry/blob_source.hpp"
#include "accel/registry/manifest.hpp"
#include "accel/registry/mount.hpp"
#include "accel/registry/referrer.hpp"
#include "accel/registry/tag.hpp"

namespace accel::registry {

RegistryRepository::RegistryRepository(Place place) : place_(std::move(place)) {}

oci::RawManifest RegistryRepository::get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) {
  return registry::get_manifest(place_, tag_or_digest, cancel);
}

std::optional<oci::Descriptor> RegistryRepository::stat_manifest(const std::string& tag_or_digest,
                                                                 const CancelToken& cancel) {
  return registry::stat_manifest(place_, tag_or_digest, cancel);
}

void RegistryRepository::put_manifest(const oci::RawManifest& manifest, const std::string& tag,
                                      const CancelToken& cancel) {
  registry::put_manifest(place_, manifest, tag, cancel);
}

bool RegistryRepository::has_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  return registry::has_blob(place_, blob, cancel);
}

std::unique_ptr<io::ByteStream> RegistryRepository::open_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  return registry::open_blob(place_, blob, cancel);
}

std::unique_ptr<io::ByteSource> RegistryRepository::blob_source(const oci::Descriptor& blob,
                                                                const CancelToken& cancel) {
  return make_blob_source(place_, blob, cancel);
}

std::unique_ptr<oci::BlobWriter> RegistryRepository::create_blob(std::uint64_t size_hint, const CancelToken& cancel) {
  return registry::create_blob(place_, size_hint, cancel);
}

std::unique_ptr<oci::BlobWriter> RegistryRepository::stream_blob(const oci::Descriptor& blob,
                                                                 const CancelToken& cancel) {
  return registry::stream_blob(place_, blob.size, cancel);
}

bool RegistryRepository::mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) {
  const auto* other = dynamic_cast<const RegistryRepository*>(&from);
  if (other == nullptr || other->place_.host->name() != place_.host->name()) return false;
  return registry::mount_blob(place_, blob, other->place_.repository, cancel);
}

std::vector<std::string> RegistryRepository::list_tags(const CancelToken& cancel) {
  return registry::list_tags(place_, cancel);
}

std::vector<oci::Descriptor> RegistryRepository::list_referrers(const oci::Digest& subject, const CancelToken& cancel) {
  return registry::list_referrers(place_, subject, cancel);
}

}  // namespace accel::registry
