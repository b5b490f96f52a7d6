#include "accel/io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/range.hpp"

namespace accel::io {

namespace {

/// Linux moves at most 0x7ffff000 bytes a call; stay below on every system.
constexpr std::size_t kMostPerCall = std::size_t{1} << 30U;

std::uint64_t regular_size(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw StoreError("look at", name, errno);
  if (!S_ISREG(status.st_mode)) throw StoreError("read at any offset (not a regular file)", name, 0);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

UniqueFd open_for_reading(const std::filesystem::path& path) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) return fd;
    if (errno != EINTR) throw StoreError("open", path.string(), errno);
  }
}

void write_all(int fd, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), std::min(bytes.size(), kMostPerCall));
    if (count < 0) {
      if (errno == EINTR) continue;
      throw StoreError("write", name, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void pread_all(int fd, std::uint64_t offset, MutableByteView out, const std::string& name) {
  while (!out.empty()) {
    const ssize_t count = ::pread(fd, out.data(), std::min(out.size(), kMostPerCall), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      throw StoreError("read", name, errno);
    }
    if (count == 0) throw StoreError("read (it ends at " + std::to_string(offset) + ", changed meanwhile?)", name, 0);
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

FileSource::FileSource(const std::filesystem::path& path) : FileSource(open_for_reading(path), path.string()) {}

FileSource::FileSource(UniqueFd fd, std::string name)
    : fd_(std::move(fd)), name_(std::move(name)), size_(regular_size(fd_.get(), name_)) {}

void FileSource::read_at(std::uint64_t offset, MutableByteView out) {
  check_range(offset, out.size(), size_, name_);
  pread_all(fd_.get(), offset, out, name_);
}

FileStream::FileStream(const std::filesystem::path& path) : FileStream(open_for_reading(path), path.string()) {}

FileStream::FileStream(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

std::size_t FileStream::read(MutableByteView out) {
  for (;;) {
    const ssize_t count = ::read(fd_.get(), out.data(), std::min(out.size(), kMostPerCall));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw StoreError("read", name_, errno);
  }
}

FileSink::FileSink(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

void FileSink::write(ByteView bytes) { write_all(fd_.get(), bytes, name_); }

}  // namespace accel::io
