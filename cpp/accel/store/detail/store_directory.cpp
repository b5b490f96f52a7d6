#include "accel/store/detail/store_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"
#include "accel/oci/json.hpp"
#include "accel/store/detail/byte_lock.hpp"
#include "accel/store/detail/layout_files.hpp"

namespace accel::store::detail {

namespace {

namespace fs = std::filesystem;

constexpr const char* kStateFolder = "state";
constexpr const char* kOtherPlace = "choose another directory (provider.work_dir)";

bool is_refusal(int code) noexcept { return code == EACCES || code == EPERM || code == EROFS; }

void check_file_system(int fd, const fs::path& path) {
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) throw StoreError("look at the file system of", path.string(), errno);
  // f_type is signed on some systems, and CIFS's number has the highest bit set.
  if (is_network_file_system(static_cast<std::uint32_t>(status.f_type))) {
    throw StoreError("keep a store on a network file system, which has no reliable locks:", path.string(), 0,
                     "choose a directory on a local disk (provider.work_dir)");
  }
}

/// Someone else's directory is fine where only its owner could make it, but not below one like /tmp.
void check_owner(int parent, int fd, const fs::path& path) {
  struct stat above {};
  struct stat own {};
  if (::fstat(parent, &above) != 0 || ::fstat(fd, &own) != 0) throw StoreError("look at", path.string(), errno);
  if (own.st_uid == ::geteuid() || own.st_uid == 0 || (above.st_mode & S_IWOTH) == 0) return;
  throw StoreError("use (it belongs to another user, in a directory where anybody may make one)", path.string(), EPERM,
                   kOtherPlace);
}

Folder open_root(const fs::path& path, OpenMode mode) {
  if (mode == OpenMode::write) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw StoreError("create directory", path.string(), error.value(), kOtherPlace);
  }
  io::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT && mode == OpenMode::read) return {};
    throw StoreError("open directory", path.string(), errno);
  }
  check_file_system(fd.get(), path);
  return {std::move(fd), path};
}

/// Throws unless an index.json in a directory that was no store yet is free of images.
void check_foreign_layout(const Folder& root) {
  if (::faccessat(root.fd(), kStateFolder, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;  // ours
  io::UniqueFd fd(::openat(root.fd(), kIndexFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return;
  io::FileStream stream(std::move(fd), root.path_of(kIndexFile));
  try {
    if (oci::parse_index(to_string(io::read_all(stream, oci::kMaxManifestBytes))).manifests.empty()) return;
  } catch (FormatError& error) {
    error.add_context("local store " + root.path_of(kIndexFile));
    error.add_hint(kOtherPlace);
    throw;
  }
  throw StoreError("use as local store (it is an image layout with images, whose blobs would be evicted):",
                   root.path().string(), 0, kOtherPlace);
}

/// The directory `name` inside `parent`; no Folder when it is absent. A refusal to make it goes to `read_only`.
Folder open_part(const Folder& parent, const char* name, OpenMode mode, std::optional<StoreError>& read_only) {
  if (!parent.exists()) return {};
  const fs::path path = parent.path() / name;
  // 0700: the layers of private images are nobody else's business; the files inside may then be as the umask says.
  if (mode == OpenMode::write && ::mkdirat(parent.fd(), name, 0700) != 0 && errno != EEXIST) {
    if (!is_refusal(errno)) throw StoreError("create directory", path.string(), errno);
    read_only.emplace("create directory", path.string(), errno);
  }
  io::UniqueFd fd(::openat(parent.fd(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return {};
    if (errno == ELOOP || errno == ENOTDIR) {
      throw StoreError("use (it must be a directory and no link)", path.string(), errno, kOtherPlace);
    }
    throw StoreError("open directory", path.string(), errno);
  }
  check_owner(parent.fd(), fd.get(), path);
  return {std::move(fd), path};
}

}  // namespace

bool is_network_file_system(std::uint64_t type) noexcept {
  constexpr std::array<std::uint64_t, 7> kTypes{
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x01021997,  // 9P
      0x5346414F,  // AFS
      0x00C36400,  // Ceph
  };
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::vector<StoredFile> Folder::files(const std::function<bool(const std::string&)>& wanted) const {
  std::vector<StoredFile> found;
  if (!exists()) return found;
  io::UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fd ? ::fdopendir(fd.get()) : nullptr, &::closedir);
  if (!listing) throw StoreError("list directory", path_.string(), errno);
  static_cast<void>(fd.release());  // closedir closes it
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    std::string name = static_cast<const char*>(entry->d_name);
    if (!wanted(name)) continue;
    struct stat status {};
    if (::fstatat(fd_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      throw StoreError("look at", path_of(name), errno);
    }
    if (!S_ISREG(status.st_mode)) continue;
    constexpr std::uint64_t kBlock = 512;  // unit of st_blocks, whatever the file system's blocks are
    found.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size),
                     static_cast<std::uint64_t>(status.st_blocks) * kBlock, status.st_mtim.tv_sec});
  }
  if (errno != 0) throw StoreError("list directory", path_.string(), errno);
  return found;
}

bool Folder::is_named(const std::string& name, int fd) const {
  struct stat named {};
  struct stat opened {};
  if (::fstat(fd, &opened) != 0) throw StoreError("look at", path_of(name), errno);
  if (::fstatat(fd_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    throw StoreError("look at", path_of(name), errno);
  }
  return S_ISREG(opened.st_mode) && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

io::UniqueFd Folder::pin(const std::string& name) const {
  if (!exists()) return {};
  for (;;) {
    // O_NONBLOCK: opening a FIFO that someone put there must not wait for a writer.
    io::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd) {
      if (errno == EINTR) continue;
      if (errno == ENOENT || errno == ELOOP) return {};
      throw StoreError("open", path_of(name), errno);
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) throw StoreError("look at", path_of(name), errno);
    if (!S_ISREG(status.st_mode) || !try_lock(fd.get(), kUseByte, LockKind::shared, path_of(name))) return {};
    if (is_named(name, fd.get())) return fd;
    // Removed between opening and locking; there may be a new one of that name by now.
  }
}

bool Folder::in_use(const std::string& name) const {
  const io::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return fd && is_locked(fd.get(), kUseByte, path_of(name));
}

Removal Folder::remove_unused(const std::string& name) const {
  const io::UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return Removal::absent;
    throw StoreError("open for removal", path_of(name), errno);
  }
  if (!try_lock(fd.get(), kUseByte, LockKind::exclusive, path_of(name))) return Removal::in_use;
  // Whoever holds this lock on a file that still has its name is the only one who may take the name away, and files
  // never replace each other: between here and unlinkat the name cannot come to mean another file.
  if (!is_named(name, fd.get())) return Removal::absent;
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0) throw StoreError("remove", path_of(name), errno);
  return Removal::removed;
}

StoreDirectory::StoreDirectory(const fs::path& path, OpenMode mode) : root(open_root(path, mode)) {
  if (mode == OpenMode::write) check_foreign_layout(root);
  const Folder all = open_part(root, "blobs", mode, read_only);
  blobs = open_part(all, "sha256", mode, read_only);
  ingest = open_part(root, "ingest", mode, read_only);
  state = open_part(root, kStateFolder, mode, read_only);
  if (mode == OpenMode::read) {
    read_only.emplace("write to (it was opened for reading only)", path.string(), 0);
  } else if (!read_only) {
    for (const Folder* folder : {&root, &blobs, &ingest, &state}) {
      if (::faccessat(folder->fd(), ".", W_OK | X_OK, AT_EACCESS) == 0) continue;
      read_only.emplace("write to", folder->path().string(), errno);
      break;
    }
  }
}

void StoreDirectory::check_writable() const {
  if (read_only) throw StoreError(*read_only);
}

}  // namespace accel::store::detail
