/// A repository whose blobs are not what their digests say.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/io/memory.hpp"
#include "accel/io/verify.hpp"
#include "accel/oci/repository.hpp"

namespace accel::testing {

/// Gives the same wrong bytes for every blob, as a registry with a broken disk does; digests are checked as in any
/// other.
class DamagedRepository final : public oci::Repository {
 public:
  DamagedRepository(std::shared_ptr<oci::Repository> inner, std::string bytes)
      : inner_(std::move(inner)), bytes_(std::move(bytes)) {}
  [[nodiscard]] std::string name() const override { return "damaged"; }
  oci::RawManifest get_manifest(const std::string& tag, const CancelToken& c) override {
    return inner_->get_manifest(tag, c);
  }
  std::optional<oci::Descriptor> stat_manifest(const std::string& tag, const CancelToken& c) override {
    return inner_->stat_manifest(tag, c);
  }
  void put_manifest(const oci::RawManifest& m, const std::string& tag, const CancelToken& c) override {
    inner_->put_manifest(m, tag, c);
  }
  bool has_blob(const oci::Descriptor& blob, const CancelToken& c) override { return inner_->has_blob(blob, c); }
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken&) override {
    return std::make_unique<Verified>(bytes_, blob);
  }
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor&, const CancelToken&) override {
    return std::make_unique<io::MemorySource>(as_bytes(bytes_));
  }
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size, const CancelToken& c) override {
    return inner_->create_blob(size, c);
  }
  bool mount_blob(const oci::Descriptor&, oci::Repository&, const CancelToken&) override { return false; }
  std::vector<std::string> list_tags(const CancelToken& c) override { return inner_->list_tags(c); }
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& d, const CancelToken& c) override {
    return inner_->list_referrers(d, c);
  }

 private:
  class Verified final : public io::ByteStream {
   public:
    Verified(const std::string& bytes, const oci::Descriptor& blob)
        : memory_(as_bytes(bytes)), verify_(memory_, blob.digest, blob.size) {}
    std::size_t read(MutableByteView out) override { return verify_.read(out); }

   private:
    io::MemoryStream memory_;
    io::VerifyStream verify_;
  };
  std::shared_ptr<oci::Repository> inner_;
  const std::string bytes_;
};

}  // namespace accel::testing
