#include "accel/store/local_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/range.hpp"
#include "accel/oci/json.hpp"
#include "accel/store/detail/blob.hpp"
#include "accel/store/detail/catalog.hpp"
#include "accel/store/detail/eviction_order.hpp"
#include "accel/store/detail/ingest_file.hpp"
#include "accel/store/detail/layout_files.hpp"
#include "accel/store/detail/roots.hpp"
#include "accel/store/detail/store_directory.hpp"

namespace accel::store {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

/// The file a blob has; nothing for a digest that has no place here.
std::string name_of(const oci::Digest& digest) {
  return digest.algorithm() == hash::Algorithm::sha256 ? digest.hex() : std::string();
}

/// Verifies while it reads, and removes the blob when it is not what it should be.
class CheckedBlob final : public io::ByteStream {
 public:
  CheckedBlob(LocalStore& store, std::shared_ptr<io::ByteSource> source, const oci::Descriptor& blob,
              const CancelToken& cancel)
      : store_(store), digest_(blob.digest), inner_(detail::open_verified(std::move(source), blob, cancel)) {}

  std::size_t read(MutableByteView out) override {
    if (!inner_) throw FormatError("blob " + digest_.short_string() + ": read after it failed verification");
    try {
      return inner_->read(out);
    } catch (const DigestMismatch&) {
      inner_.reset();  // our own pin would keep it
      store_.evict_blob(digest_);
      throw;
    }
  }

 private:
  LocalStore& store_;
  const oci::Digest digest_;
  std::unique_ptr<io::ByteStream> inner_;
};

}  // namespace

LocalStore::LocalStore(const std::filesystem::path& directory, OpenMode mode, std::shared_ptr<Clock> clock)
    : path_(directory),
      clock_(std::move(clock)),
      directory_(std::make_unique<detail::StoreDirectory>(directory, mode)),
      catalog_(std::make_unique<detail::Catalog>(*directory_, clock_)) {
  if (directory_->read_only) return;
  detail::remove_dead(*directory_);
  detail::write_new_file(*directory_, detail::kVersionFile, detail::kLayoutVersion);
  detail::write_new_file(*directory_, detail::kIndexFile, oci::to_json(detail::Roots().index()));
  reconcile();
}

LocalStore::~LocalStore() = default;

void LocalStore::reconcile() {
  // Rows before files: a blob gets its file first and its row then, so a row whose file is not there is of one that
  // went.
  auto uses = catalog_->uses();
  std::vector<detail::StoredFile> unknown;
  for (auto& file : directory_->blobs.files(detail::is_blob_name)) {
    if (uses.erase(file.name) == 0) unknown.push_back(std::move(file));
  }
  std::vector<std::pair<std::string, std::uint64_t>> gone;
  gone.reserve(uses.size());
  for (const auto& [name, use] : uses) gone.emplace_back(name, use.sequence);
  catalog_->forget(gone);

  std::sort(unknown.begin(), unknown.end(), [](const auto& a, const auto& b) { return a.modified < b.modified; });
  std::vector<std::string> names;
  names.reserve(unknown.size());
  for (auto& file : unknown) names.push_back(std::move(file.name));
  catalog_->add_unknown(names);
}

std::optional<std::uint64_t> LocalStore::blob_size(const oci::Digest& digest) const {
  const std::string name = name_of(digest);
  struct stat status {};
  if (!directory_->blobs.exists() || name.empty() ||
      ::fstatat(directory_->blobs.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(status.st_size);
}

std::shared_ptr<io::ByteSource> LocalStore::pin_blob(const oci::Digest& digest) {
  const std::string name = name_of(digest);
  io::UniqueFd fd = name.empty() ? io::UniqueFd() : directory_->blobs.pin(name);
  if (!fd) return nullptr;
  catalog_->count_use(name);
  return std::make_shared<io::FileSource>(std::move(fd), directory_->blobs.path_of(name));
}

std::unique_ptr<io::ByteStream> LocalStore::open_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  cancel.check();
  auto source = pin_blob(blob.digest);
  if (source && source->size() != blob.size) {
    source.reset();
    // Either the descriptor is wrong or a power failure cut the file off.
    if (verify_blob(blob.digest, cancel)) source = pin_blob(blob.digest);
  }
  if (!source) detail::blob_not_found(path_.string(), blob.digest);
  detail::check_size(path_.string(), blob, source->size());
  return std::make_unique<CheckedBlob>(*this, std::move(source), blob, cancel);
}

bool LocalStore::verify_blob(const oci::Digest& digest, const CancelToken& cancel) {
  {
    const std::string name = name_of(digest);
    io::UniqueFd fd = name.empty() ? io::UniqueFd() : directory_->blobs.pin(name);
    if (!fd) return false;
    io::FileStream stream(std::move(fd), directory_->blobs.path_of(name));
    hash::Hasher hasher;
    Bytes buffer(kPiece);
    while (const std::size_t count = stream.read(buffer)) {
      cancel.check();
      hasher.update(ByteView(buffer).first(count));
    }
    if (hasher.finish() == digest) return true;
  }
  evict_blob(digest);
  return false;
}

std::unique_ptr<BlobIngest> LocalStore::create_blob(const CancelToken& cancel) {
  cancel.check();
  return std::make_unique<BlobIngest>(*directory_, *catalog_, detail::IngestFile::create(*directory_), cancel);
}

std::unique_ptr<BlobIngest> LocalStore::resume_blob(const oci::Descriptor& blob, const CancelToken& cancel) {
  cancel.check();
  if (name_of(blob.digest).empty()) return create_blob(cancel);
  auto partial = detail::IngestFile::open_partial(*directory_, blob.digest);
  if (!partial) return create_blob(cancel);
  auto writer = std::make_unique<BlobIngest>(*directory_, *catalog_, std::move(*partial), cancel);
  writer->take_over(blob);
  return writer;
}

oci::Digest LocalStore::add(ByteView document) {
  const oci::Digest digest = hash::sha256(document);
  if (const auto known = pin_blob(digest); known && known->size() == document.size()) return digest;
  const auto writer = create_blob({});
  writer->write(document);
  writer->commit(digest, document.size());
  return digest;
}

bool LocalStore::evict_blob(const oci::Digest& digest) {
  const std::string name = name_of(digest);
  if (name.empty() || directory_->read_only) return false;
  if (directory_->blobs.remove_unused(name) != detail::Removal::removed) return false;
  catalog_->forget({{name, std::numeric_limits<std::int64_t>::max()}});
  return true;
}

std::vector<StoredBlob> LocalStore::blobs() {
  std::vector<StoredBlob> found;
  for (const auto& [file, use] : detail::eviction_order(directory_->blobs, *catalog_)) {
    found.push_back({hash::Digest::parse("sha256:" + file.name), file.size, file.disk_bytes, use.uses, use.used_at,
                     directory_->blobs.in_use(file.name)});
  }
  return found;
}

StoreUsage LocalStore::usage() {
  StoreUsage usage;
  for (const auto& file : directory_->blobs.files(detail::is_blob_name)) {
    ++usage.blobs;
    usage.content_bytes += file.size;
    usage.blob_bytes += file.disk_bytes;
    if (!directory_->blobs.in_use(file.name)) continue;
    ++usage.pinned_blobs;
    usage.pinned_bytes += file.disk_bytes;
  }
  for (const auto& file : detail::unfinished_files(directory_->ingest)) {
    ++usage.unfinished;
    usage.unfinished_bytes += file.disk_bytes;
  }
  usage.records = catalog_->count_records();
  return usage;
}

void LocalStore::put_record(const oci::Digest& source, std::string_view fingerprint, std::string_view value) {
  catalog_->put_record(source.to_string(), fingerprint, value);
}

std::optional<std::string> LocalStore::find_record(const oci::Digest& source, std::string_view fingerprint) {
  return catalog_->find_record(source.to_string(), fingerprint);
}

void LocalStore::drop_record(const oci::Digest& source, std::string_view fingerprint) {
  catalog_->drop_record(source.to_string(), fingerprint);
}

}  // namespace accel::store
