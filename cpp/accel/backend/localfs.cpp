#include "accel/backend/localfs.hpp"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/temp_file.hpp"

namespace accel::backend {

namespace {

namespace fs = std::filesystem;

/// The size of the regular file; nothing when there is none.
std::optional<std::uint64_t> stat_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return std::nullopt;
  if (error) throw StoreError("look at", path.string(), error.value());
  if (!fs::is_regular_file(status)) return std::nullopt;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) throw StoreError("look at", path.string(), error.value());
  return size;
}

class LocalfsWriter final : public oci::BlobWriter {
 public:
  LocalfsWriter(const fs::path& dir, bool force_push, CancelToken cancel)
      : dir_(dir), force_push_(force_push), cancel_(std::move(cancel)), file_(std::in_place, dir) {}

  void write(ByteView bytes) override {
    cancel_.check();
    file_.value().write(bytes);
  }

  void commit(const oci::Digest& digest, std::uint64_t size) override {
    const fs::path path = dir_ / digest.hex();
    if (size != file_.value().size()) {
      throw DigestMismatch("blob to " + path.string(), digest.to_string() + " of " + std::to_string(size) + " bytes",
                           "other content", file_->size());
    }
    if (force_push_ || stat_file(path) != size) file_->commit(path);
    file_.reset();
  }

 private:
  const fs::path dir_;
  const bool force_push_;
  const CancelToken cancel_;
  std::optional<io::AtomicFile> file_;
};

class Localfs final : public BlobBackend {
 public:
  Localfs(const std::string& dir, bool force_push) : dir_(dir), force_push_(force_push) {}

  [[nodiscard]] std::string name() const override { return "localfs:" + dir_.string(); }

  std::optional<std::uint64_t> stat_blob(const hash::Digest& digest, const CancelToken& cancel) override {
    cancel.check();
    return stat_file(dir_ / digest.hex());
  }

  bool has_blob(const hash::Digest& digest, std::uint64_t size, const CancelToken& cancel) override {
    return !force_push_ && stat_blob(digest, cancel) == size;
  }

  std::unique_ptr<oci::BlobWriter> create_blob(std::uint64_t, const CancelToken& cancel) override {
    cancel.check();
    std::error_code error;
    fs::create_directories(dir_, error);
    if (error) throw StoreError("create the directory", dir_.string(), error.value());
    return std::make_unique<LocalfsWriter>(dir_, force_push_, cancel);
  }

  std::unique_ptr<io::ByteSource> blob_source(const hash::Digest& digest, std::uint64_t size,
                                              const CancelToken& cancel) override {
    cancel.check();
    const fs::path path = dir_ / digest.hex();
    auto source = std::make_unique<io::FileSource>(path);
    if (source->size() != size) {
      throw FormatError("blob " + path.string() + " has " + std::to_string(source->size()) + " bytes instead of " +
                            std::to_string(size),
                        {digest.to_string(), "", {}});
    }
    return source;
  }

 private:
  const fs::path dir_;
  const bool force_push_;
};

}  // namespace

std::shared_ptr<BlobBackend> make_localfs_backend(const LocalfsConfig& config, bool force_push) {
  return std::make_shared<Localfs>(config.dir, force_push);
}

}  // namespace accel::backend
