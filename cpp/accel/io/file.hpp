/// Files as sources, streams and sinks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"
#include "accel/io/unique_fd.hpp"

namespace accel::io {

/// Opens `path` for reading. Throws StoreError with errno.
UniqueFd open_for_reading(const std::filesystem::path& path);
/// Writes all of `bytes` at the descriptor's position; `name` is for the error. Throws StoreError with errno.
void write_all(int fd, ByteView bytes, const std::string& name);
/// Fills `out` from `offset`. Throws StoreError with errno, or without one when the file ends before.
void pread_all(int fd, std::uint64_t offset, MutableByteView out, const std::string& name);

/// A regular file as it was when it was opened: its size is taken once, and a file that shrinks afterwards is an error.
/// Thread-safe.
class FileSource final : public ByteSource {
 public:
  /// Throws StoreError when `path` cannot be opened or is no regular file.
  explicit FileSource(const std::filesystem::path& path);
  /// Takes over a readable descriptor of a regular file; `name` is for errors.
  FileSource(UniqueFd fd, std::string name);

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, MutableByteView out) override;

 private:
  UniqueFd fd_;
  std::string name_;
  std::uint64_t size_;
};

/// Reads a file, pipe or socket front to back.
class FileStream final : public ByteStream {
 public:
  explicit FileStream(const std::filesystem::path& path);
  /// Takes over a readable descriptor; `name` is for errors.
  FileStream(UniqueFd fd, std::string name);

  std::size_t read(MutableByteView out) override;

 private:
  UniqueFd fd_;
  std::string name_;
};

/// Writes to a descriptor at its position. For files that must appear whole or not at all use AtomicFile.
class FileSink final : public ByteSink {
 public:
  /// Takes over a writable descriptor; `name` is for errors.
  FileSink(UniqueFd fd, std::string name);

  void write(ByteView bytes) override;

 private:
  UniqueFd fd_;
  std::string name_;
};

}  // namespace accel::io
