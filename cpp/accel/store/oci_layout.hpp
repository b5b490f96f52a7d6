/// An OCI image layout directory. Spec: image-spec v1.1 image-layout.md.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "accel/store/detail/image_reader.hpp"
#include "accel/store/stores.hpp"

namespace accel::store {

/// What open_oci_layout gives; here so that blobs can be linked from one layout to another. Thread-safe, and safe
/// against other processes that write to the same directory by way of this class.
class OciLayout final : public detail::ImageReader {
 public:
  /// `name` is how messages call it. A directory to write to is made by the first write, not before, so that nothing
  /// appears for a job that fails early. Throws StoreError or FormatError when a directory to read is no layout.
  OciLayout(std::filesystem::path directory, OpenMode mode, std::string name);

  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override;
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override;
  /// Makes a hard link when `from` is a layout on the same file system; the blob is verified first.
  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override;
  /// Lists the manifests that came without a tag and are no part of an index.
  void finish() override;

 protected:
  detail::Roots roots() override;
  std::shared_ptr<io::ByteSource> find_blob(const oci::Digest& digest) override;

 private:
  [[nodiscard]] std::filesystem::path blob_path(const oci::Digest& digest) const;
  [[nodiscard]] detail::Roots read_index() const;
  void write_index(const detail::Roots& roots) const;
  void check_version() const;
  /// Makes what is missing of the layout.
  void prepare(const CancelToken& cancel);

  const std::filesystem::path directory_;
  const OpenMode mode_;
  std::mutex mutex_;  // for the two below
  bool prepared_ = false;
  detail::UntaggedManifests untagged_;
};

}  // namespace accel::store
