#include "accel/backend/object_backend.hpp"

#include <string>
#include <utility>

#include "accel/backend/object_place.hpp"
#include "accel/backend/object_writer.hpp"
#include "accel/base/error.hpp"
#include "accel/net/connector.hpp"
#include "accel/net/pool.hpp"

namespace accel::backend {

namespace {

class ObjectSource final : public io::ByteSource {
 public:
  ObjectSource(std::shared_ptr<ObjectPlace> place, const hash::Digest& digest, std::uint64_t size, CancelToken cancel)
      : place_(std::move(place)),
        digest_(digest),
        key_(place_->key(digest)),
        subject_("blob " + digest.short_string() + " of " + place_->name),
        size_(size),
        cancel_(std::move(cancel)) {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  void read_at(std::uint64_t offset, MutableByteView out) override {
    if (offset > size_ || out.size() > size_ - offset) {
      throw FormatError("range of " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                            " is outside the blob of " + std::to_string(size_) + " bytes",
                        {digest_.to_string(), "", offset});
    }
    place_->client.get(key_, offset, out, subject_, cancel_);
  }

 private:
  const std::shared_ptr<ObjectPlace> place_;
  const hash::Digest digest_;
  const std::string key_, subject_;
  const std::uint64_t size_;
  const CancelToken cancel_;
};

class ObjectBackend final : public BlobBackend {
 public:
  explicit ObjectBackend(std::shared_ptr<ObjectPlace> place) : place_(std::move(place)) {}

  [[nodiscard]] std::string name() const override { return place_->name; }

  std::optional<std::uint64_t> stat_blob(const hash::Digest& digest, const CancelToken& cancel) override {
    return place_->client.head(place_->key(digest), "blob " + digest.short_string() + " in " + place_->name, cancel);
  }

  bool has_blob(const hash::Digest& digest, std::uint64_t size, const CancelToken& cancel) override {
    return place_->has_blob(digest, size, cancel);
  }

  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override {
    return make_object_writer(place_, size_hint, cancel);
  }

  std::unique_ptr<io::ByteSource> blob_source(const hash::Digest& digest, std::uint64_t size,
                                              const CancelToken& cancel) override {
    return std::make_unique<ObjectSource>(place_, digest, size, cancel);
  }

 private:
  const std::shared_ptr<ObjectPlace> place_;
};

}  // namespace

std::shared_ptr<BlobBackend> make_object_backend(ObjectStore store, std::shared_ptr<net::HttpTransport> http,
                                                 const std::string& prefix, bool force_push, const Options& options) {
  return std::make_shared<ObjectBackend>(
      std::make_shared<ObjectPlace>(std::move(store), std::move(http), prefix, force_push, options));
}

std::shared_ptr<net::HttpTransport> make_transport(const net::TlsOptions& tls, const Options& options) {
  auto connector = std::make_shared<net::Connector>(
      net::ProxyRules::from_environment(options.get_env), [tls](const net::Url&) { return tls; },
      options.connect_timeout);
  return std::make_shared<net::HttpClient>(std::move(connector), std::make_shared<net::Pool>(options.max_connections),
                                           net::HttpTimeouts{options.response_timeout, options.idle_timeout});
}

}  // namespace accel::backend
