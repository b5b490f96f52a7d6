#include "accel/store/blob_ingest.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/store/detail/catalog.hpp"
#include "accel/store/detail/ingest_file.hpp"
#include "accel/store/detail/store_directory.hpp"

namespace accel::store {

namespace {

std::uint64_t file_size(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw StoreError("look at", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

BlobIngest::BlobIngest(const detail::StoreDirectory& directory, detail::Catalog& catalog, detail::IngestFile file,
                       CancelToken cancel)
    : directory_(directory),
      catalog_(catalog),
      file_(std::make_unique<detail::IngestFile>(std::move(file))),
      cancel_(std::move(cancel)) {}

BlobIngest::~BlobIngest() {
  if (keep_ && offset_ > 0) file_->keep();
}

void BlobIngest::take_over(const oci::Descriptor& blob) {
  const std::string path = file_->path();
  std::uint64_t there = file_size(file_->fd(), path);
  if (there > blob.size) there = 0;
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(there, std::uint64_t{1} << 20U)));
  while (offset_ < there) {
    cancel_.check();
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), there - offset_));
    const MutableByteView piece = MutableByteView(buffer).first(count);
    io::pread_all(file_->fd(), offset_, piece, path);
    hasher_.update(piece);
    offset_ += count;
  }
  // All there and yet wrong: a machine that lost power wrote it.
  if (offset_ == blob.size && hasher_.copy().finish() != blob.digest) {
    hasher_ = hash::Hasher();
    offset_ = 0;
  }
  const auto end = static_cast<off_t>(offset_);
  if (::ftruncate(file_->fd(), end) != 0) throw StoreError("cut off", path, errno);
  if (::lseek(file_->fd(), end, SEEK_SET) != end) throw StoreError("go on with", path, errno);
  keep_ = true;
}

void BlobIngest::check_open() const {
  cancel_.check();
  // The file is the blob now: another byte would damage it.
  if (!file_) throw StoreError("write to a blob that is complete in", directory_.blobs.path().string(), 0);
}

void BlobIngest::write(ByteView bytes) {
  check_open();
  try {
    io::write_all(file_->fd(), bytes, file_->path());
  } catch (const StoreError&) {
    keep_ = false;  // a full disk needs the room, and after other failures nobody knows what is in the file
    throw;
  }
  hasher_.update(bytes);
  offset_ += bytes.size();
}

void BlobIngest::commit(const oci::Digest& digest, std::uint64_t size) {
  check_open();
  if (digest.algorithm() != hash::Algorithm::sha256) {
    throw UnsupportedError("the local store keeps blobs with sha256 digests only, not " + digest.short_string());
  }
  keep_ = false;  // it is complete: if this fails, another try would fail as well
  const oci::Digest actual = hasher_.finish();
  if (actual != digest || size != offset_) {
    throw DigestMismatch("blob of " + std::to_string(size) + " bytes written to the local store", digest.to_string(),
                         actual.to_string(), offset_);
  }
  place(digest.hex());
  // From here on a descriptor that cannot write holds the blob; the file's own lock has held it until now.
  if (!in_use_) in_use_ = directory_.blobs.pin(digest.hex());
  file_.reset();
  catalog_.count_use(digest.hex());
}

void BlobIngest::place(const std::string& name) {
  const detail::Folder& blobs = directory_.blobs;
  // Only for a blob that is being evicted at this moment.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (std::chrono::milliseconds wait{1};; wait = std::min(2 * wait, std::chrono::milliseconds(50))) {
    const int code = file_->move_to(blobs, name);
    if (code == 0) return;
    if (code != EEXIST) throw StoreError("put a blob in its place", blobs.path_of(name), code);
    in_use_ = blobs.pin(name);
    if (in_use_) {
      if (file_size(in_use_.get(), blobs.path_of(name)) == offset_) return;
      // Cut off by a power failure.
      in_use_.reset();
      static_cast<void>(blobs.remove_unused(name));
    } else {
      // A link or something else that is no blob; unlinkat takes no directory.
      struct stat status {};
      if (::fstatat(blobs.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
          ::unlinkat(blobs.fd(), name.c_str(), 0) != 0) {
        throw StoreError("remove what is no blob:", blobs.path_of(name), errno);
      }
    }
    if (std::chrono::steady_clock::now() > deadline) {
      throw StoreError("replace a damaged blob that is in use:", blobs.path_of(name), EBUSY, "try again");
    }
    cancel_.check();
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace accel::store
