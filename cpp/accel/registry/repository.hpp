/// oci::Repository over a registry.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "accel/oci/repository.hpp"
#include "accel/registry/place.hpp"

namespace accel::registry {

/// Thread-safe: holds no state of its own.
class RegistryRepository final : public oci::Repository {
 public:
  explicit RegistryRepository(Place place);

  [[nodiscard]] std::string name() const override { return place_.name(); }
  oci::RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override;
  std::optional<oci::Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override;
  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override;
  bool has_blob(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override;
  std::unique_ptr<oci::BlobWriter> stream_blob(const oci::Descriptor& blob, const CancelToken& cancel) override;
  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override;
  std::vector<std::string> list_tags(const CancelToken& cancel) override;
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& subject, const CancelToken& cancel) override;

 private:
  Place place_;
};

}  // namespace accel::registry
