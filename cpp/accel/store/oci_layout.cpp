#include "accel/store/oci_layout.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"
#include "accel/io/temp_file.hpp"
#include "accel/oci/json.hpp"
#include "accel/oci/media_type.hpp"
#include "accel/store/detail/blob.hpp"
#include "accel/store/detail/file_lock.hpp"
#include "accel/store/detail/layout_files.hpp"

namespace accel::store {

namespace {

namespace fs = std::filesystem;

using detail::kIndexFile;
using detail::kVersionFile;

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throw StoreError("create directory", path.string(), error.value(), "check its permissions or choose another one");
  }
}

std::string read_file(const fs::path& path) {
  io::FileStream stream(path);
  return to_string(io::read_all(stream, oci::kMaxManifestBytes));
}

hash::Digest hash_file(const fs::path& path, hash::Algorithm algorithm) {
  io::FileStream stream(path);
  hash::Hasher hasher(algorithm);
  Bytes buffer(std::size_t{1} << 20U);
  while (const std::size_t count = stream.read(buffer)) hasher.update(ByteView(buffer).first(count));
  return hasher.finish();
}

/// A blob on its way into a layout.
class LayoutBlobWriter final : public oci::BlobWriter {
 public:
  LayoutBlobWriter(fs::path layout, std::string place, CancelToken cancel)
      : layout_(std::move(layout)),
        place_(std::move(place)),
        cancel_(std::move(cancel)),
        file_(layout_ / "blobs" / "sha256") {}

  void write(ByteView bytes) override {
    cancel_.check();
    file_.write(bytes);
    hasher_.update(bytes);
  }

  void commit(const oci::Digest& digest, std::uint64_t size) override {
    cancel_.check();
    oci::Digest actual = hasher_.finish();
    // Nobody names blobs by sha512 except in tests of that; reading the file again is cheaper than hashing all twice.
    if (digest.algorithm() != actual.algorithm()) actual = hash_file(file_.temporary_path(), digest.algorithm());
    if (actual != digest || size != file_.size()) {
      throw DigestMismatch("blob of " + std::to_string(size) + " bytes written to " + place_, digest.to_string(),
                           actual.to_string(), file_.size());
    }
    const fs::path path = layout_ / detail::blob_name(digest);
    make_directories(path.parent_path());
    // A blob is verified whenever it is read, so it need not wait for the disk; index.json does.
    file_.commit_unflushed(path);
  }

 private:
  const fs::path layout_;
  const std::string place_;
  const CancelToken cancel_;
  io::AtomicFile file_;
  hash::Hasher hasher_;
};

}  // namespace

OciLayout::OciLayout(fs::path directory, OpenMode mode, std::string name)
    : ImageReader(std::move(name)), directory_(std::move(directory)), mode_(mode) {
  std::error_code error;
  if (mode == OpenMode::read || fs::exists(directory_ / kVersionFile, error)) {
    check_version();
    static_cast<void>(read_index());
  }
}

fs::path OciLayout::blob_path(const oci::Digest& digest) const { return directory_ / detail::blob_name(digest); }

void OciLayout::check_version() const {
  std::string text;
  try {
    text = read_file(directory_ / kVersionFile);
  } catch (StoreError& error) {
    if (error.code() == ENOENT) error.add_hint("an OCI image layout has such a file; is this the right directory?");
    throw;
  }
  detail::check_layout_version(name(), text);
}

detail::Roots OciLayout::read_index() const {
  try {
    return detail::Roots(oci::parse_index(read_file(directory_ / kIndexFile)));
  } catch (FormatError& error) {
    error.add_context(name() + ": " + kIndexFile);
    throw;
  } catch (const StoreError& error) {
    if (mode_ == OpenMode::write && error.code() == ENOENT) return detail::Roots();
    throw;
  }
}

void OciLayout::write_index(const detail::Roots& roots) const {
  io::write_file_atomically(directory_ / kIndexFile, as_bytes(oci::to_json(roots.index())));
}

detail::Roots OciLayout::roots() {
  detail::Roots roots = read_index();
  const std::lock_guard lock(mutex_);
  for (const auto& manifest : untagged_.roots()) roots.add(manifest);
  return roots;
}

std::shared_ptr<io::ByteSource> OciLayout::find_blob(const oci::Digest& digest) {
  try {
    return std::make_shared<io::FileSource>(blob_path(digest));
  } catch (const StoreError& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return nullptr;
    throw;
  }
}

void OciLayout::prepare(const CancelToken& cancel) {
  if (mode_ == OpenMode::read) throw UnsupportedError(name() + ": was opened for reading only");
  const std::lock_guard guard(mutex_);
  if (prepared_) return;
  make_directories(directory_ / "blobs" / "sha256");
  std::error_code error;
  if (!fs::exists(directory_ / kVersionFile, error)) {
    try {
      // Never replaced once it is there: it is the file that writers lock.
      io::AtomicFile version(directory_);
      version.write(as_bytes(detail::kLayoutVersion));
      version.commit_new(directory_ / kVersionFile);
    } catch (const StoreError& failure) {
      if (failure.code() != EEXIST) throw;  // else another process was quicker
    }
  }
  check_version();
  const detail::FileLock lock(directory_ / kVersionFile, cancel);
  if (!fs::exists(directory_ / kIndexFile, error)) write_index(detail::Roots());
  prepared_ = true;
}

void OciLayout::put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) {
  cancel.check();
  detail::check_manifest(manifest);
  prepare(cancel);
  const auto writer = create_blob(manifest.bytes.size(), cancel);
  writer->write(as_bytes(manifest.bytes));
  writer->commit(manifest.descriptor.digest, manifest.descriptor.size);
  if (!tag.empty()) {
    const detail::FileLock lock(directory_ / kVersionFile, cancel);
    detail::Roots roots = read_index();
    roots.tag(manifest.descriptor, tag);
    write_index(roots);
  }
  const std::lock_guard guard(mutex_);
  untagged_.add(manifest, !tag.empty());
}

std::unique_ptr<oci::BlobWriter> OciLayout::create_blob(std::uint64_t /*size_hint*/, const CancelToken& cancel) {
  cancel.check();
  prepare(cancel);
  return std::make_unique<LayoutBlobWriter>(directory_, name(), cancel);
}

bool OciLayout::mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) {
  cancel.check();
  const auto* other = dynamic_cast<const OciLayout*>(&from);
  if (other == nullptr) return false;
  prepare(cancel);
  if (has_blob(blob, cancel)) return true;
  const auto stream = from.open_blob(blob, cancel);
  Bytes buffer(std::size_t{1} << 20U);
  while (stream->read(buffer) != 0) {
  }
  const fs::path target = blob_path(blob.digest);
  make_directories(target.parent_path());
  ::unlink(target.c_str());  // has_blob said no: what may be there is damaged
  const fs::path source = other->blob_path(blob.digest);
  // Follows a symbolic link, which some stores put in the place of a blob.
  return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST;
}

void OciLayout::finish() {
  const std::lock_guard guard(mutex_);
  const auto images = untagged_.roots();
  if (!images.empty()) {
    const detail::FileLock lock(directory_ / kVersionFile, {});
    detail::Roots roots = read_index();
    // An index that was here before may hold some of them.
    detail::UntaggedManifests parts;
    for (const auto& entry : roots.index().manifests) {
      if (!oci::is_index(entry.media_type)) continue;
      try {
        parts.add(load(entry), true);
      } catch (const Error&) {  // an older image that is damaged must not spoil this one
      }
    }
    for (const auto& image : images) {
      if (!parts.has_child(image.digest)) roots.add(image);
    }
    write_index(roots);
  }
  untagged_.clear();
}

std::shared_ptr<oci::Repository> open_oci_layout(const std::string& directory, OpenMode mode) {
  return std::make_shared<OciLayout>(directory, mode, "oci:" + directory);
}

}  // namespace accel::store
