#include "accel/io/temp_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/range.hpp"

namespace accel::io {

namespace {

constexpr std::string_view kTemporary = ".accel-tmp-";

struct NamedFile {
  std::filesystem::path path;
  UniqueFd fd;
};

NamedFile create_named(const std::filesystem::path& directory, mode_t mode) {
  for (;;) {
    std::filesystem::path path = directory / random_file_name();
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (fd) return {std::move(path), std::move(fd)};
    if (errno != EEXIST && errno != EINTR) throw StoreError("create a file in", directory.string(), errno);
  }
}

UniqueFd create_unnamed(const std::filesystem::path& directory) {
#ifdef O_TMPFILE
  UniqueFd unnamed(::open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (unnamed) return unnamed;
#endif
  // overlayfs before 6.1, NFS and others have no O_TMPFILE; they answer with various codes, so just try the other way.
  NamedFile named = create_named(directory, 0600);
  if (::unlink(named.path.c_str()) != 0) throw StoreError("remove", named.path.string(), errno);
  return std::move(named.fd);
}

std::filesystem::path parent(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync_directory(const std::filesystem::path& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a directory (EINVAL); the rename itself has happened.
  if (fd) static_cast<void>(::fsync(fd.get()));
}

}  // namespace

TempFile::TempFile(const std::filesystem::path& directory)
    : name_("a temporary file in " + directory.string()), fd_(create_unnamed(directory)) {}

void TempFile::write(ByteView bytes) {
  write_all(fd_.get(), bytes, name_);
  size_.fetch_add(bytes.size(), std::memory_order_release);
}

void TempFile::read_at(std::uint64_t offset, MutableByteView out) {
  check_range(offset, out.size(), size(), name_);
  pread_all(fd_.get(), offset, out, name_);
}

AtomicFile::AtomicFile(const std::filesystem::path& directory) {
  NamedFile named = create_named(directory, 0666);
  path_ = std::move(named.path);
  fd_ = std::move(named.fd);
}

AtomicFile::~AtomicFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void AtomicFile::write(ByteView bytes) {
  write_all(fd_.get(), bytes, path_.string());
  size_ += bytes.size();
}

void AtomicFile::commit(const std::filesystem::path& path) {
  flush(path);
  commit_unflushed(path);
  sync_directory(parent(path));
}

void AtomicFile::commit_unflushed(const std::filesystem::path& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) throw StoreError("rename a finished file to", path.string(), errno);
  close_renamed();
}

void AtomicFile::commit_new(const std::filesystem::path& path) {
  flush(path);
  const int code = rename_new(AT_FDCWD, path_.string(), AT_FDCWD, path.string());
  if (code != 0) throw StoreError("create", path.string(), code);
  close_renamed();
  sync_directory(parent(path));
}

void AtomicFile::flush(const std::filesystem::path& path) {
  if (::fsync(fd_.get()) != 0) throw StoreError("flush", path.string(), errno);
}

void AtomicFile::close_renamed() {
  path_.clear();
  fd_.reset();
}

std::string random_file_name() {
  std::array<std::byte, 10> raw;
  // Up to 256 bytes getrandom neither fails nor is interrupted, once the system has booted.
  if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
    throw StoreError("make a random name from", "/dev/urandom", errno);
  }
  return std::string(kTemporary) + hex_encode(raw);
}

bool is_temporary_name(std::string_view name) noexcept { return name.starts_with(kTemporary); }

int rename_new(int from_directory, const std::string& from, int to_directory, const std::string& to) noexcept {
  if (::renameat2(from_directory, from.c_str(), to_directory, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // NFS and others do not know the flag; a second name also fails when there is one already.
  if (::linkat(from_directory, from.c_str(), to_directory, to.c_str(), 0) != 0) return errno;
  ::unlinkat(from_directory, from.c_str(), 0);
  return 0;
}

void write_file_atomically(const std::filesystem::path& path, ByteView bytes) {
  AtomicFile file(parent(path));
  file.write(bytes);
  file.commit(path);
}

}  // namespace accel::io
