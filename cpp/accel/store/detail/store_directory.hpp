/// The directories of a local store, opened once. Everything inside is reached through their descriptors and without
/// following symbolic links, so nobody can lead us out of the store by swapping a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/io/unique_fd.hpp"
#include "accel/store/stores.hpp"

namespace accel::store::detail {

/// True for the kinds of file systems (statfs f_type) on which locks and SQLite's shared memory do not reach from one
/// machine to the other: NFS, SMB, 9P, AFS, Ceph.
bool is_network_file_system(std::uint64_t type) noexcept;

/// What became of a file that was to be removed.
enum class Removal : unsigned char { removed, in_use, absent };

/// A regular file of one of the directories.
struct StoredFile {
  std::string name;
  std::uint64_t size = 0;        ///< bytes of content
  std::uint64_t disk_bytes = 0;  ///< bytes of disk, as `du` counts them
  std::int64_t modified = 0;     ///< seconds since 1970
};

/// One directory of a store, or none when the store has no such directory (yet).
class Folder {
 public:
  Folder() = default;
  Folder(io::UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  [[nodiscard]] bool exists() const noexcept { return static_cast<bool>(fd_); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return (path_ / name).string(); }

  /// The regular files whose name `wanted` accepts, in no order; those that vanish meanwhile are left out.
  [[nodiscard]] std::vector<StoredFile> files(const std::function<bool(const std::string&)>& wanted) const;
  /// True when `name` is the regular file that `fd` has open. Throws StoreError.
  [[nodiscard]] bool is_named(const std::string& name, int fd) const;
  /// Opens a file for reading and keeps it from being removed until the descriptor (and every copy of it) is closed.
  /// No descriptor when there is no such regular file, or when it is being removed. Throws StoreError.
  [[nodiscard]] io::UniqueFd pin(const std::string& name) const;
  /// True when someone uses the file.
  [[nodiscard]] bool in_use(const std::string& name) const;
  /// Removes a file unless someone uses it. Throws StoreError.
  [[nodiscard]] Removal remove_unused(const std::string& name) const;

 private:
  io::UniqueFd fd_;
  std::filesystem::path path_;
};

struct StoreDirectory {
  /// With `write` what is missing is made. A directory that may not be written to is opened all the same; `read_only`
  /// then says why. Throws StoreError when it is on a network file system, when a part of it is no directory, or
  /// belongs to somebody else in a place where anybody may make one, and when it is an image layout with images and was
  /// no store before: their blobs would be evicted.
  StoreDirectory(const std::filesystem::path& path, OpenMode mode);

  /// Throws `read_only` if there is one.
  void check_writable() const;

  Folder root;
  Folder blobs;   ///< blobs/sha256: one file a blob, its name the hex digits
  Folder ingest;  ///< what is being written
  Folder state;   ///< the database and its lock
  std::optional<StoreError> read_only;
};

}  // namespace accel::store::detail
