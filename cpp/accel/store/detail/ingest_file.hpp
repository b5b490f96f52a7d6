/// A file on its way into a local store, in its `ingest` directory. It carries a lock as long as its writer lives, by
/// which others tell it from what a dead process left behind.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/hash/digest.hpp"
#include "accel/io/unique_fd.hpp"
#include "accel/store/detail/store_directory.hpp"

namespace accel::store::detail {

/// "partial-sha256-<hex>": an unfinished blob that a later writer may go on with.
std::string partial_name(const hash::Digest& digest);
/// True for the names that partial_name gives.
bool is_partial_name(const std::string& name);
/// What is being written, and partials. Other files that somebody has in the directory are not ours to touch.
std::vector<StoredFile> unfinished_files(const Folder& ingest);

/// Removed by the destructor unless it was moved into place or is to be kept. Move-only.
class IngestFile {
 public:
  /// A new, empty file with a name of its own. Throws StoreError.
  static IngestFile create(const StoreDirectory& directory);
  /// What there is of a blob, or a new file for it; nothing when another writer is at it. Throws StoreError.
  static std::optional<IngestFile> open_partial(const StoreDirectory& directory, const hash::Digest& digest);

  IngestFile(IngestFile&& other) noexcept = default;
  IngestFile& operator=(IngestFile&&) = delete;
  ~IngestFile();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::string path() const { return folder_->path_of(name_); }

  /// Gives the file its place unless there is something; returns 0 or errno, EEXIST among them. The lock stays with the
  /// descriptor: the file cannot be evicted before this object goes.
  int move_to(const Folder& folder, const std::string& name) noexcept;
  /// The destructor leaves the file where it is.
  void keep() noexcept { name_.clear(); }

 private:
  IngestFile(const Folder& folder, std::string name, io::UniqueFd fd)
      : folder_(&folder), name_(std::move(name)), fd_(std::move(fd)) {}

  const Folder* folder_;
  std::string name_;  // empty: nothing to remove
  io::UniqueFd fd_;
};

/// Writes a whole file of the store's root unless there is one. Throws StoreError.
void write_new_file(const StoreDirectory& directory, const std::string& name, std::string_view content);

/// Removes the files of writers that are dead, save partials that somebody may go on with. Returns how many. Throws
/// StoreError.
std::size_t remove_dead(const StoreDirectory& directory);

}  // namespace accel::store::detail
