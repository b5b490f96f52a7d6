/// Repositories that fail, count and damage, over another one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/oci/repository.hpp"

namespace accel::testing {

/// Passes every call to `inner` after telling `on_call` about it, which may throw. Writes to blobs and reads of streams
/// are calls as well. Thread-safe as far as `on_call` is.
class ObservedRepository final : public oci::Repository {
 public:
  using OnCall = std::function<void(const std::string& call)>;
  ObservedRepository(std::shared_ptr<oci::Repository> inner, OnCall on_call)
      : inner_(std::move(inner)), on_call_(std::move(on_call)) {}

  [[nodiscard]] std::string name() const override { return inner_->name(); }
  oci::RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    on_call_("get_manifest");
    return inner_->get_manifest(tag_or_digest, cancel);
  }
  std::optional<oci::Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    on_call_("stat_manifest");
    return inner_->stat_manifest(tag_or_digest, cancel);
  }
  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override {
    on_call_(tag.empty() ? "put_manifest" : "put_tag " + tag);
    inner_->put_manifest(manifest, tag, cancel);
  }
  bool has_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    on_call_("has_blob");
    return inner_->has_blob(blob, cancel);
  }
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    on_call_("open_blob " + blob.digest.to_string());
    return std::make_unique<Stream>(inner_->open_blob(blob, cancel), on_call_);
  }
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& blob, const CancelToken& cancel) override {
    on_call_("blob_source");
    return inner_->blob_source(blob, cancel);
  }
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override {
    on_call_("create_blob");
    return std::make_unique<Writer>(inner_->create_blob(size_hint, cancel), on_call_);
  }
  std::unique_ptr<oci::BlobWriter> stream_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    on_call_("stream_blob");
    return std::make_unique<Writer>(inner_->stream_blob(blob, cancel), on_call_);
  }
  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override {
    on_call_("mount_blob");
    return inner_->mount_blob(blob, from, cancel);
  }
  std::vector<std::string> list_tags(const CancelToken& cancel) override { return inner_->list_tags(cancel); }
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& subject, const CancelToken& cancel) override {
    on_call_("list_referrers");
    return inner_->list_referrers(subject, cancel);
  }
  void finish() override {
    on_call_("finish");
    inner_->finish();
  }

 private:
  class Stream final : public io::ByteStream {
   public:
    Stream(std::unique_ptr<io::ByteStream> inner, OnCall on_call)
        : inner_(std::move(inner)), on_call_(std::move(on_call)) {}
    std::size_t read(MutableByteView out) override {
      on_call_("read");
      return inner_->read(out);
    }

   private:
    std::unique_ptr<io::ByteStream> inner_;
    OnCall on_call_;
  };
  class Writer final : public oci::BlobWriter {
   public:
    Writer(std::unique_ptr<oci::BlobWriter> inner, OnCall on_call)
        : inner_(std::move(inner)), on_call_(std::move(on_call)) {}
    void write(ByteView bytes) override {
      on_call_("write");
      inner_->write(bytes);
    }
    void commit(const oci::Digest& digest, std::uint64_t size) override {
      on_call_("commit");
      inner_->commit(digest, size);
    }

   private:
    std::unique_ptr<oci::BlobWriter> inner_;
    OnCall on_call_;
  };

  std::shared_ptr<oci::Repository> inner_;
  const OnCall on_call_;
};

/// Throws Unreachable at call number `fails_at` (from 0) of any kind and at all later ones; counts them.
struct FailAt {
  explicit FailAt(std::size_t call) : fails_at(call) {}
  std::size_t fails_at;
  std::atomic<std::size_t> calls{0};
  void operator()(const std::string& call) {
    if (calls++ >= fails_at) throw Unreachable("the repository is gone at " + call, RegistryError::Fields{});
  }
};

}  // namespace accel::testing
