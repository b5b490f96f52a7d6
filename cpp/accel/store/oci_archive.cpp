#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/temp_file.hpp"
#include "accel/oci/json.hpp"
#include "accel/store/detail/archive.hpp"
#include "accel/store/detail/image_reader.hpp"
#include "accel/store/detail/layout_files.hpp"
#include "accel/store/oci_layout.hpp"
#include "accel/tar/writer.hpp"

namespace accel::store {

namespace {

namespace fs = std::filesystem;

class ArchivedLayout final : public detail::ImageReader {
 public:
  explicit ArchivedLayout(const std::string& file) : ImageReader("oci-archive:" + file), archive_(file) {
    if (!archive_.find(detail::kVersionFile)) {
      const bool docker = archive_.find("manifest.json") != nullptr;
      throw FormatError(name() + ": no file oci-layout in it",
                        docker ? "it looks like the output of docker save: use docker-archive:" + file
                               : "this is no archive of an OCI image layout");
    }
    detail::check_layout_version(name(), archive_.read_text(detail::kVersionFile));
    try {
      roots_ = detail::Roots(oci::parse_index(archive_.read_text(detail::kIndexFile)));
    } catch (Error& error) {
      error.add_context(name());
      throw;
    }
  }

 protected:
  detail::Roots roots() override { return roots_; }
  std::shared_ptr<io::ByteSource> find_blob(const oci::Digest& digest) override {
    return archive_.find(detail::blob_name(digest));
  }

 private:
  const detail::Archive archive_;
  detail::Roots roots_;
};

/// A directory that goes with this object.
class TempDirectory {
 public:
  explicit TempDirectory(const fs::path& parent) : path_((parent / ".accel-tmp-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw StoreError("create a directory in", parent.string(), errno, "check its permissions or choose another one");
    }
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// Packs a layout so that the bytes depend on its content only. Deletes what it has packed, so that the disk holds
/// the image once and not twice.
class Packer {
 public:
  Packer(const fs::path& layout, io::AtomicFile& file, CancelToken cancel)
      : layout_(layout), file_(file), cancel_(std::move(cancel)), buffer_(std::size_t{1} << 20U) {}

  void pack() {
    add_file(detail::kVersionFile);
    add_file(detail::kIndexFile);
    add_directory("blobs");
    for (const auto& algorithm : list("blobs")) {
      add_directory(algorithm);
      for (const auto& blob : list(algorithm)) add_file(blob);
    }
    Buffer end;
    tar::write_end(end);
    file_.write(end.view());
  }

 private:
  /// Names relative to the layout, sorted.
  [[nodiscard]] std::vector<std::string> list(const std::string& directory) const {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator item(layout_ / directory, error), end; !error && item != end; item.increment(error)) {
      const std::string name = item->path().filename().string();
      if (!name.starts_with('.')) names.push_back(directory + "/" + name);
    }
    if (error) throw StoreError("list", (layout_ / directory).string(), error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  void add_header(const std::string& name, tar::EntryType type, std::uint32_t mode, std::uint64_t size) {
    file_.write(tar::plain_header(name, type, mode, size).view());
  }

  void add_directory(const std::string& name) { add_header(name + "/", tar::EntryType::directory, 0755, 0); }

  void add_file(const std::string& name) {
    const fs::path path = layout_ / name;
    io::FileSource source(path);
    add_header(name, tar::EntryType::regular, 0644, source.size());
    for (std::uint64_t offset = 0; offset < source.size();) {
      cancel_.check();
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), source.size() - offset));
      const MutableByteView piece = MutableByteView(buffer_).first(count);
      source.read_at(offset, piece);
      file_.write(piece);
      offset += count;
    }
    Buffer padding;
    padding.append_zeros(tar::padding_size(source.size()));
    file_.write(padding.view());
    ::unlink(path.c_str());
  }

  const fs::path layout_;
  io::AtomicFile& file_;
  const CancelToken cancel_;
  Bytes buffer_;
};

/// Collects an image in a temporary layout beside the archive, and becomes its reader once that is written.
class ArchiveWriter final : public oci::Repository {
 public:
  explicit ArchiveWriter(const std::string& file)
      : file_(file),
        directory_(file_.has_parent_path() ? file_.parent_path() : fs::path(".")),
        layout_(std::in_place, directory_),
        inner_(std::make_shared<OciLayout>(layout_->path(), OpenMode::write, name())) {}

  [[nodiscard]] std::string name() const override { return "oci-archive:" + file_.string(); }

  oci::RawManifest get_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    return inner()->get_manifest(tag_or_digest, cancel);
  }
  std::optional<oci::Descriptor> stat_manifest(const std::string& tag_or_digest, const CancelToken& cancel) override {
    return inner()->stat_manifest(tag_or_digest, cancel);
  }
  void put_manifest(const oci::RawManifest& manifest, const std::string& tag, const CancelToken& cancel) override {
    inner()->put_manifest(manifest, tag, cancel);
    const std::lock_guard lock(mutex_);
    written_ = true;
    cancel_ = cancel;
  }
  bool has_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    return inner()->has_blob(blob, cancel);
  }
  std::unique_ptr<io::ByteStream> open_blob(const oci::Descriptor& blob, const CancelToken& cancel) override {
    return inner()->open_blob(blob, cancel);
  }
  std::unique_ptr<io::ByteSource> blob_source(const oci::Descriptor& blob, const CancelToken& cancel) override {
    return inner()->blob_source(blob, cancel);
  }
  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t size_hint, const CancelToken& cancel) override {
    return inner()->create_blob(size_hint, cancel);
  }
  bool mount_blob(const oci::Descriptor& blob, oci::Repository& from, const CancelToken& cancel) override {
    return inner()->mount_blob(blob, from, cancel);
  }
  std::vector<std::string> list_tags(const CancelToken& cancel) override { return inner()->list_tags(cancel); }
  std::vector<oci::Descriptor> list_referrers(const oci::Digest& subject, const CancelToken& cancel) override {
    return inner()->list_referrers(subject, cancel);
  }

  void finish() override {
    const std::lock_guard lock(mutex_);
    if (!written_ || !layout_) return;
    inner_->finish();
    io::AtomicFile archive(directory_);
    Packer(layout_->path(), archive, cancel_).pack();
    archive.commit_new(file_);
    inner_ = std::make_shared<ArchivedLayout>(file_.string());
    layout_.reset();
  }

 private:
  std::shared_ptr<oci::Repository> inner() {
    const std::lock_guard lock(mutex_);
    return inner_;
  }

  const fs::path file_;
  const fs::path directory_;
  std::mutex mutex_;  // for what follows
  std::optional<TempDirectory> layout_;
  std::shared_ptr<oci::Repository> inner_;
  bool written_ = false;
  CancelToken cancel_;  ///< of the last manifest: finish has none of its own, and packing can take long
};

}  // namespace

std::shared_ptr<oci::Repository> open_oci_archive(const std::string& file, OpenMode mode) {
  if (mode == OpenMode::read) return std::make_shared<ArchivedLayout>(file);
  std::error_code error;
  if (fs::symlink_status(file, error).type() != fs::file_type::not_found) {
    throw StoreError("create", file, EEXIST, "an archive is never changed: remove the file or choose another name");
  }
  return std::make_shared<ArchiveWriter>(file);
}

}  // namespace accel::store
