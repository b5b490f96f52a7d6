/// The local content store: blobs on this machine's disk under their digest, shared by threads and processes, bounded
/// by a collector. Spec: service.md section 7. docs/adr/0010 says why it is made like this.
///
///   oci-layout, index.json   so that the directory is an OCI image layout; it lists no images
///   blobs/sha256/<hex>       the blobs: the only truth about what is here
///   ingest/                  what is being written, and unfinished downloads
///   state/                   use counts and layer records (SQLite); made anew when damaged
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/base/clock.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"
#include "accel/store/blob_ingest.hpp"
#include "accel/store/gc.hpp"
#include "accel/store/stores.hpp"

namespace accel::store {

namespace detail {
class Catalog;
struct StoreDirectory;
}  // namespace detail

/// A blob as it lies in the store.
struct StoredBlob {
  oci::Digest digest;
  std::uint64_t size = 0;        ///< bytes of content
  std::uint64_t disk_bytes = 0;  ///< bytes of disk, as `du` counts them
  std::uint64_t uses = 0;        ///< times it was written or opened
  std::int64_t used_at = 0;      ///< the last time, seconds since 1970; 0 when not known
  bool pinned = false;           ///< somebody uses it now
};

/// What a store holds. All bytes are bytes of disk, as `du` counts them, but for `content_bytes`.
struct StoreUsage {
  std::uint64_t blobs = 0;
  std::uint64_t content_bytes = 0;
  std::uint64_t blob_bytes = 0;
  std::uint64_t pinned_blobs = 0;
  std::uint64_t pinned_bytes = 0;
  std::uint64_t unfinished = 0;  ///< blobs being written, and downloads to be gone on with
  std::uint64_t unfinished_bytes = 0;
  std::uint64_t records = 0;
  /// What thresholds are compared with.
  [[nodiscard]] std::uint64_t total_bytes() const noexcept { return blob_bytes + unfinished_bytes; }
};

/// Thread-safe, and any number of processes may use one directory at a time. Only sha256 digests have a place here.
/// Must outlive the writers and streams it gives.
///
/// What is promised: a blob appears whole or not at all; once `commit` returned it survives the end of the process
/// however it comes (blobs are not flushed: after a power failure one may be damaged, which reading finds out); a blob
/// that somebody has open is not evicted; a dead process holds nothing.
class LocalStore {
 public:
  /// With `write` the directory is made when absent, what dead processes left is removed, and the database is brought
  /// in line with the blobs. If it may not be written to, it is opened all the same, and writing methods throw the
  /// reason. With `read` nothing is changed, and an absent directory is an empty store.
  /// Throws StoreError (network file systems are refused), UnsupportedError.
  LocalStore(const std::filesystem::path& directory, OpenMode mode, std::shared_ptr<Clock> clock = system_clock());
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;
  ~LocalStore();

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return path_; }

  /// Bytes of content of a blob; nothing when it is not here. No use.
  [[nodiscard]] std::optional<std::uint64_t> blob_size(const oci::Digest& digest) const;
  [[nodiscard]] bool has_blob(const oci::Digest& digest) const { return blob_size(digest).has_value(); }
  /// Random access to a blob, which stays in the store as long as the source lives; null when it is not here. What is
  /// read is not verified. Counts as a use.
  std::shared_ptr<io::ByteSource> pin_blob(const oci::Digest& digest);
  /// The blob's bytes, digest and size verified; pinned while they are read. A blob that turns out to be damaged is
  /// removed, and the read throws DigestMismatch. Throws NotFound. Counts as a use.
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel);
  /// Reads a blob to its end. True when it is here and whole; a damaged one is removed.
  bool verify_blob(const oci::Digest& digest, const CancelToken& cancel);

  /// Begins a blob whose digest need not be known yet. Throws StoreError.
  std::unique_ptr<BlobIngest> create_blob(const CancelToken& cancel);
  /// Begins the download of a known blob, or goes on with one that was interrupted: `offset()` says how many bytes are
  /// here already. When another writer is at the same blob this one begins anew, beside it. Throws StoreError.
  std::unique_ptr<BlobIngest> resume_blob(const oci::Descriptor& blob, const CancelToken& cancel);
  /// Stores a small document. Returns its digest.
  oci::Digest add(ByteView document);
  /// Removes a blob that nobody uses; false when it is not here any more or in use.
  bool evict_blob(const oci::Digest& digest);

  /// All blobs, those first that would be evicted first.
  std::vector<StoredBlob> blobs();
  StoreUsage usage();

  /// Evicts least frequently used blobs, among equals the least recently used, until the store is small enough. Also
  /// removes what dead writers left, unfinished downloads nobody went on with for a day, and of too many records those
  /// used least recently. Blobs in use stay. Holds no lock that others wait for, and rests most of the time to leave
  /// the disk to them. Throws StoreError, Cancelled.
  CollectReport collect(const CollectOptions& options, const CancelToken& cancel);

  /// Layer records: for a source layer and a fingerprint (format, options, encoder version) any JSON text. They are
  /// kept beside the blobs but live apart from them. Throws StoreError when it could not be kept.
  void put_record(const oci::Digest& source, std::string_view fingerprint, std::string_view value);
  std::optional<std::string> find_record(const oci::Digest& source, std::string_view fingerprint);
  void drop_record(const oci::Digest& source, std::string_view fingerprint);

 private:
  void reconcile();

  const std::filesystem::path path_;
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<detail::StoreDirectory> directory_;
  const std::unique_ptr<detail::Catalog> catalog_;
};

}  // namespace accel::store
