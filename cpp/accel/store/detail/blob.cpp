#include "accel/store/detail/blob.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/range.hpp"
#include "accel/io/verify.hpp"

namespace accel::store::detail {

namespace {

class VerifiedBlob final : public io::ByteStream {
 public:
  VerifiedBlob(std::shared_ptr<io::ByteSource> source, const oci::Descriptor& blob, CancelToken cancel)
      : source_(std::move(source)),
        range_(*source_),
        verify_(range_, blob.digest, blob.size, "blob " + blob.digest.short_string()),
        digest_(blob.digest),
        cancel_(std::move(cancel)) {}

  std::size_t read(MutableByteView out) override {
    cancel_.check();
    try {
      return verify_.read(out);
    } catch (FormatError& error) {
      error.set_digest(digest_.to_string());
      throw;
    }
  }

 private:
  const std::shared_ptr<io::ByteSource> source_;
  io::RangeStream range_;
  io::VerifyStream verify_;
  const oci::Digest digest_;
  const CancelToken cancel_;
};

class SharedRange final : public io::ByteSource {
 public:
  SharedRange(std::shared_ptr<io::ByteSource> source, std::uint64_t offset, std::uint64_t length)
      : source_(std::move(source)), range_(*source_, offset, length) {}

  [[nodiscard]] std::uint64_t size() const override { return range_.size(); }
  void read_at(std::uint64_t offset, MutableByteView out) override { range_.read_at(offset, out); }

 private:
  const std::shared_ptr<io::ByteSource> source_;
  io::RangeSource range_;
};

}  // namespace

std::unique_ptr<io::ByteStream> open_verified(std::shared_ptr<io::ByteSource> source, const oci::Descriptor& blob,
                                              const CancelToken& cancel) {
  return std::make_unique<VerifiedBlob>(std::move(source), blob, cancel);
}

std::unique_ptr<io::ByteSource> share_range(std::shared_ptr<io::ByteSource> source, std::uint64_t offset,
                                            std::uint64_t length) {
  return std::make_unique<SharedRange>(std::move(source), offset, length);
}

void check_size(const std::string& place, const oci::Descriptor& blob, std::uint64_t size) {
  if (size == blob.size) return;
  throw FormatError(place + ": blob " + blob.digest.short_string() + " has " + std::to_string(size) +
                        " bytes, its descriptor says " + std::to_string(blob.size),
                    FormatError::Where{blob.digest.to_string(), {}, {}}, "fetch the image again");
}

void blob_not_found(const std::string& place, const oci::Digest& digest) {
  RegistryError::Fields fields;
  fields.status = 404;
  throw NotFound(place + ": blob " + digest.to_string() + " not found", std::move(fields),
                 "the image is incomplete; fetch it again");
}

}  // namespace accel::store::detail
