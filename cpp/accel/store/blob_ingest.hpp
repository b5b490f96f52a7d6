/// A blob on its way into the local store.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/base/cancel.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/unique_fd.hpp"
#include "accel/oci/repository.hpp"

namespace accel::store {

namespace detail {
class Catalog;
class IngestFile;
struct StoreDirectory;
}  // namespace detail

/// Made by LocalStore. Used by one thread. After `commit` the blob stays pinned until this object goes.
class BlobIngest final : public oci::BlobWriter {
 public:
  BlobIngest(const detail::StoreDirectory& directory, detail::Catalog& catalog, detail::IngestFile file,
             CancelToken cancel);
  BlobIngest(const BlobIngest&) = delete;
  BlobIngest& operator=(const BlobIngest&) = delete;
  /// What was not committed is removed. Of a blob begun by `resume_blob` the bytes stay, for the next writer, unless
  /// they are wrong or the disk is full.
  ~BlobIngest() override;

  /// Bytes that are here, those of earlier writers included: where `write` goes on.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// Throws StoreError, Cancelled.
  void write(ByteView bytes) override;
  /// Gives the blob its place. Does nothing more when the store has got it meanwhile. Throws DigestMismatch when the
  /// bytes are others, StoreError, Cancelled, UnsupportedError for a digest that is no sha256. Nothing may be written
  /// after it.
  void commit(const oci::Digest& digest, std::uint64_t size) override;

 private:
  friend class LocalStore;
  /// Takes what an earlier writer left, as far as it can belong to a blob of that size.
  void take_over(const oci::Descriptor& blob);
  void place(const std::string& name);
  void check_open() const;

  const detail::StoreDirectory& directory_;
  detail::Catalog& catalog_;
  std::unique_ptr<detail::IngestFile> file_;  // null once the blob has its place
  const CancelToken cancel_;
  hash::Hasher hasher_;
  std::uint64_t offset_ = 0;
  bool keep_ = false;    // for a later writer
  io::UniqueFd in_use_;  // the blob in its place
};

}  // namespace accel::store
