/// The reading half of every store that holds an OCI layout, in whatever way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accel/oci/repository.hpp"
#include "accel/store/detail/roots.hpp"

namespace accel::store::detail {

/// Answers all reading methods of Repository from two things a store must know: its images and its blobs. Manifests
/// are blobs too. Writing methods throw UnsupportedError unless they are overridden.
class ImageReader : public oci::Repository {
 public:
  explicit ImageReader(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string name() const override { return name_; }

  oci::RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override;
  std::optional<oci::Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override;
  bool has_blob(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& blob, const CancelToken& cancel) override;
  std::vector<std::string> list_tags(const CancelToken& cancel) override;
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& subject, const CancelToken& cancel) override;

  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override;
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override;
  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override;

 protected:
  /// The images of the store as they are now.
  virtual Roots roots() = 0;
  /// The stored bytes of a blob, unverified; null when it is absent.
  virtual std::shared_ptr<io::ByteSource> find_blob(const oci::Digest& digest) = 0;
  /// The image called `tag` among `roots`; see Roots::find.
  virtual std::optional<oci::Descriptor> find_root(const Roots& roots, const std::string& tag);

  /// The manifest `entry` describes, verified. Throws NotFound when its bytes are absent.
  oci::RawManifest load(const oci::Descriptor& entry);

 private:
  std::optional<oci::RawManifest> load_unlisted(const oci::Digest& digest);
  std::shared_ptr<io::ByteSource> get_blob(const oci::Digest& digest);

  const std::string name_;
};

}  // namespace accel::store::detail
