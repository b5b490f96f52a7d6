/// Files that exist only as long as they are needed, or appear under their name only when they are complete.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"
#include "accel/io/unique_fd.hpp"

namespace accel::io {

/// A nameless file: the kernel frees it when this object, or the process, goes. Written at its end by one thread;
/// what has been written may be read by any thread meanwhile.
class TempFile final : public ByteSink, public ByteSource {
 public:
  /// In `directory`, which must exist. Throws StoreError with errno.
  explicit TempFile(const std::filesystem::path& directory);

  void write(ByteView bytes) override;
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size() const override { return size_.load(std::memory_order_acquire); }
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  std::string name_;
  UniqueFd fd_;
  std::atomic<std::uint64_t> size_{0};
};

/// A file that is written beside its place and renamed into it: readers see the whole file or none, also after a crash.
/// Removed again unless `commit` returned.
class AtomicFile final : public ByteSink {
 public:
  /// Begins a file in `directory`, which must exist and be on the file system of the final place.
  /// Mode 0666 less the process's umask. Throws StoreError with errno.
  explicit AtomicFile(const std::filesystem::path& directory);
  AtomicFile(AtomicFile&&) = delete;
  ~AtomicFile() override;

  void write(ByteView bytes) override;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Where the bytes written so far are until `commit`.
  [[nodiscard]] const std::filesystem::path& temporary_path() const noexcept { return path_; }
  /// Flushes the bytes to the disk, then gives the file its name, replacing any file of that name. Called once, last.
  /// Throws StoreError with errno; then nothing appeared.
  void commit(const std::filesystem::path& path);
  /// Like commit without the flush: after a power failure the file may be there with other bytes. Only for content
  /// that is verified whenever it is read.
  void commit_unflushed(const std::filesystem::path& path);
  /// Like commit, but throws StoreError with EEXIST when there is a file of that name.
  void commit_new(const std::filesystem::path& path);

 private:
  void flush(const std::filesystem::path& path);
  void close_renamed();

  std::filesystem::path path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

/// A name for a temporary file that nobody else has. It begins with a dot, so that listings of a store skip what a
/// killed process left behind.
std::string random_file_name();
/// True for the names that random_file_name gives.
bool is_temporary_name(std::string_view name) noexcept;

/// Gives a file another name unless there is one of that name. Directories as for renameat. Returns 0 or errno, EEXIST
/// among them.
int rename_new(int from_directory, const std::string& from, int to_directory, const std::string& to) noexcept;

/// Writes `bytes` to `path` through an AtomicFile in its directory.
void write_file_atomically(const std::filesystem::path& path, ByteView bytes);

}  // namespace accel::io
