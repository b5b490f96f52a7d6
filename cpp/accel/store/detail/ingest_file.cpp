#include "accel/store/detail/ingest_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/temp_file.hpp"
#include "accel/store/detail/byte_lock.hpp"

namespace accel::store::detail {

namespace {

constexpr std::string_view kPartialPrefix = "partial-sha256-";

/// A file in `folder`, opened and marked as in use; no descriptor when it has just been removed by somebody who took
/// it for a dead one's.
io::UniqueFd open_in_use(const Folder& folder, const std::string& name, int flags) {
  // 0644 less the umask: the directory decides who gets this far.
  io::UniqueFd fd(::openat(folder.fd(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0644));
  if (!fd) throw StoreError("create", folder.path_of(name), errno);
  if (!try_lock(fd.get(), kUseByte, LockKind::shared, folder.path_of(name))) return {};
  return folder.is_named(name, fd.get()) ? std::move(fd) : io::UniqueFd();
}

}  // namespace

std::string partial_name(const hash::Digest& digest) { return std::string(kPartialPrefix) + digest.hex(); }

bool is_partial_name(const std::string& name) { return name.starts_with(kPartialPrefix); }

std::vector<StoredFile> unfinished_files(const Folder& ingest) {
  return ingest.files([](const std::string& name) { return io::is_temporary_name(name) || is_partial_name(name); });
}

IngestFile IngestFile::create(const StoreDirectory& directory) {
  directory.check_writable();
  for (;;) {
    std::string name = io::random_file_name();
    io::UniqueFd fd = open_in_use(directory.ingest, name, O_EXCL);
    if (fd) return {directory.ingest, std::move(name), std::move(fd)};
  }
}

std::optional<IngestFile> IngestFile::open_partial(const StoreDirectory& directory, const hash::Digest& digest) {
  directory.check_writable();
  std::string name = partial_name(digest);
  io::UniqueFd fd = open_in_use(directory.ingest, name, 0);
  if (!fd || !try_lock(fd.get(), kWriterByte, LockKind::exclusive, directory.ingest.path_of(name))) return {};
  // The writer before us may have put it into its place between our opening it and this lock.
  if (!directory.ingest.is_named(name, fd.get())) return {};
  return IngestFile(directory.ingest, std::move(name), std::move(fd));
}

IngestFile::~IngestFile() {
  if (fd_ && !name_.empty()) ::unlinkat(folder_->fd(), name_.c_str(), 0);
}

int IngestFile::move_to(const Folder& folder, const std::string& name) noexcept {
  const int code = io::rename_new(folder_->fd(), name_, folder.fd(), name);
  if (code == 0) name_.clear();
  return code;
}

void write_new_file(const StoreDirectory& directory, const std::string& name, std::string_view content) {
  if (::faccessat(directory.root.fd(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;
  IngestFile file = IngestFile::create(directory);
  io::write_all(file.fd(), as_bytes(content), file.path());
  if (::fsync(file.fd()) != 0) throw StoreError("flush", file.path(), errno);
  const int code = file.move_to(directory.root, name);
  if (code != 0 && code != EEXIST) throw StoreError("create", directory.root.path_of(name), code);
}

std::size_t remove_dead(const StoreDirectory& directory) {
  std::size_t removed = 0;
  for (const auto& file : unfinished_files(directory.ingest)) {
    if (is_partial_name(file.name)) {
      const std::string blob = file.name.substr(kPartialPrefix.size());
      const bool useless = file.size == 0 || ::faccessat(directory.blobs.fd(), blob.c_str(), F_OK, 0) == 0;
      if (!useless) continue;
    }
    removed += directory.ingest.remove_unused(file.name) == Removal::removed ? 1 : 0;
  }
  return removed;
}

}  // namespace accel::store::detail
