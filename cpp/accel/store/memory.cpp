#include <map>
#include <mutex>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/memory.hpp"
#include "accel/oci/referrer.hpp"
#include "accel/store/detail/blob.hpp"
#include "accel/store/detail/referrers.hpp"
#include "accel/store/detail/roots.hpp"
#include "accel/store/stores.hpp"

namespace accel::store {

namespace {

class MemoryRepository final : public oci::Repository, public std::enable_shared_from_this<MemoryRepository> {
 public:
  explicit MemoryRepository(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string name() const override { return name_; }

  oci::RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    cancel.check();
    const std::lock_guard lock(mutex_);
    const auto* manifest = find(tag_or_digest);
    if (manifest == nullptr) detail::manifest_not_found(name_, tag_or_digest, roots_.tags());
    return *manifest;
  }

  std::optional<oci::Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    cancel.check();
    const std::lock_guard lock(mutex_);
    const auto* manifest = find(tag_or_digest);
    if (manifest == nullptr) return std::nullopt;
    return manifest->descriptor;
  }

  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override {
    cancel.check();
    detail::check_manifest(manifest);
    const std::lock_guard lock(mutex_);
    untagged_.add(manifest, !tag.empty());
    manifests_.insert_or_assign(manifest.descriptor.digest, manifest);
    if (!tag.empty()) roots_.tag(manifest.descriptor, tag);
  }

  bool has_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    cancel.check();
    const std::lock_guard lock(mutex_);
    return blobs_.contains(blob.digest);
  }

  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    cancel.check();
    return detail::open_verified(get_blob(blob.digest), blob, cancel);
  }

  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& blob, const CancelToken& cancel) override {
    cancel.check();
    auto source = get_blob(blob.digest);
    detail::check_size(name_, blob, source->size());
    return detail::share_range(std::move(source), 0, blob.size);
  }

  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override;

  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override {
    cancel.check();
    auto* other = dynamic_cast<MemoryRepository*>(&from);
    if (other == nullptr) return false;
    if (other != this) add_blob(blob.digest, other->get_blob(blob.digest));
    return true;
  }

  std::vector<std::string> list_tags(const CancelToken& cancel) override {
    cancel.check();
    const std::lock_guard lock(mutex_);
    return roots_.tags();
  }

  std::vector<oci::Descriptor> list_referrers(const oci::Digest& subject, const CancelToken& cancel) override {
    cancel.check();
    const std::lock_guard lock(mutex_);
    detail::ReferrerList referrers(subject);
    for (const auto& [digest, manifest] : manifests_) referrers.add(manifest);
    const auto listed = roots_.find(oci::referrers_tag(subject), name_);
    if (listed) referrers.add_listed(manifests_.at(listed->digest));
    return referrers.take();
  }

  void add_blob(const oci::Digest& digest, std::shared_ptr<io::ByteSource> bytes) {
    const std::lock_guard lock(mutex_);
    blobs_.insert_or_assign(digest, std::move(bytes));
  }

 private:
  /// The mutex must be held.
  const oci::RawManifest* find(const std::string& tag_or_digest) const {
    oci::Digest digest = oci::Digest::try_parse(tag_or_digest);
    if (digest.empty()) {
      detail::Roots roots = roots_;
      for (const auto& root : untagged_.roots()) roots.add(root);
      const auto root = roots.find(tag_or_digest, name_);
      if (root) digest = root->digest;
    }
    const auto found = manifests_.find(digest);
    return found == manifests_.end() ? nullptr : &found->second;
  }

  std::shared_ptr<io::ByteSource> get_blob(const oci::Digest& digest) const {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(digest);
    if (found == blobs_.end()) detail::blob_not_found(name_, digest);
    return found->second;
  }

  const std::string name_;
  mutable std::mutex mutex_;
  std::map<oci::Digest, std::shared_ptr<io::ByteSource>> blobs_;
  std::map<oci::Digest, oci::RawManifest> manifests_;
  detail::Roots roots_;
  detail::UntaggedManifests untagged_;
};

class MemoryBlobWriter final : public oci::BlobWriter {
 public:
  MemoryBlobWriter(std::shared_ptr<MemoryRepository> repository, CancelToken cancel)
      : repository_(std::move(repository)), cancel_(std::move(cancel)) {}

  void write(ByteView bytes) override {
    cancel_.check();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  void commit(const oci::Digest& digest, std::uint64_t size) override {
    cancel_.check();
    hash::Hasher hasher(digest.algorithm());
    hasher.update(bytes_);
    const oci::Digest actual = hasher.finish();
    if (actual != digest || size != bytes_.size()) {
      throw DigestMismatch("blob of " + std::to_string(size) + " bytes written to " + repository_->name(),
                           digest.to_string(), actual.to_string(), bytes_.size());
    }
    repository_->add_blob(digest, std::make_shared<io::MemorySource>(std::move(bytes_)));
  }

 private:
  const std::shared_ptr<MemoryRepository> repository_;
  const CancelToken cancel_;
  Bytes bytes_;
};

std::unique_ptr<oci::BlobWriter> MemoryRepository::create_blob(std::uint64_t /*size_hint*/, const CancelToken& cancel) {
  cancel.check();
  return std::make_unique<MemoryBlobWriter>(shared_from_this(), cancel);
}

}  // namespace

std::shared_ptr<oci::Repository> make_memory_repository(std::string name) {
  return std::make_shared<MemoryRepository>(std::move(name));
}

}  // namespace accel::store
