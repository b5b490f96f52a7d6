#include "accel/store/detail/catalog.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "accel/store/detail/byte_lock.hpp"

namespace accel::store::detail {

namespace {

constexpr const char* kDatabaseFile = "store.db";
/// Holds no bytes. Everybody who has the database open has a shared lock on it.
constexpr const char* kLockFile = "lock";

/// Until a database that could not be opened is tried again.
constexpr std::chrono::seconds kRetry{10};
/// For a process that is making the database anew.
constexpr std::chrono::seconds kLongestRebuild{10};

/// SQLite refuses a path with a symbolic link in it; the way to the store may have some.
std::filesystem::path database_file(const Folder& state) {
  std::error_code error;
  const auto path = std::filesystem::canonical(state.path(), error);
  return (error ? state.path() : path) / kDatabaseFile;
}

}  // namespace

Catalog::Catalog(const StoreDirectory& directory, std::shared_ptr<Clock> clock)
    : directory_(directory), clock_(std::move(clock)), file_(database_file(directory.state)) {
  const std::lock_guard guard(mutex_);
  open();
}

void Catalog::open() {
  opened_ = clock_->now();
  if (!directory_.state.exists()) return;
  try {
    if (directory_.read_only) {
      database_ = std::make_unique<Database>(Database::open_read_only(file_));
      return;
    }
    const std::string lock_name = directory_.state.path_of(kLockFile);
    if (!lock_) {
      lock_.reset(::openat(directory_.state.fd(), kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
      if (!lock_) throw StoreError("open", lock_name, errno);
    }
    const auto deadline = std::chrono::steady_clock::now() + kLongestRebuild;
    while (!try_lock(lock_.get(), kUseByte, LockKind::shared, lock_name)) {
      if (std::chrono::steady_clock::now() > deadline) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    try {
      database_ = std::make_unique<Database>(file_);
    } catch (const DatabaseDamaged&) {
      rebuild();
    }
  } catch (const StoreError&) {
    database_.reset();  // a full disk, for example: what there is can still be read
  }
}

void Catalog::rebuild() {
  database_.reset();
  const std::string lock_name = directory_.state.path_of(kLockFile);
  // SQLite's files must not be swapped while another process works with them.
  if (!lock_ || !try_lock(lock_.get(), kUseByte, LockKind::exclusive, lock_name)) return;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    ::unlinkat(directory_.state.fd(), (std::string(kDatabaseFile) + suffix).c_str(), 0);
  }
  database_ = std::make_unique<Database>(file_);
  static_cast<void>(try_lock(lock_.get(), kUseByte, LockKind::shared, lock_name));  // from exclusive it always works
}

bool Catalog::run(const Work& work) {
  const std::lock_guard guard(mutex_);
  if (!database_ && clock_->now() - opened_ >= kRetry) open();
  if (!database_) return false;
  try {
    work(*database_);
    return true;
  } catch (const DatabaseDamaged&) {
    if (directory_.read_only) {
      database_.reset();
      return false;
    }
  }
  rebuild();
  if (database_) work(*database_);
  return database_ != nullptr;
}

void Catalog::try_run(const Work& work) {
  try {
    run(work);
  } catch (const StoreError&) {  // busy beyond patience, or a full disk: only the order of evictions suffers
  }
}

std::int64_t Catalog::now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_->date().time_since_epoch()).count();
}

void Catalog::count_use(const std::string& name) {
  if (directory_.read_only) return;
  try_run([&](Database& database) { database.count_uses({name}, now()); });
}

std::unordered_map<std::string, BlobUse> Catalog::uses() {
  std::unordered_map<std::string, BlobUse> found;
  try_run([&](Database& database) { found = database.uses(); });
  return found;
}

void Catalog::add_unknown(const std::vector<std::string>& names) {
  try_run([&](Database& database) { database.add_unknown(names, now()); });
}

void Catalog::forget(const std::vector<std::pair<std::string, std::uint64_t>>& gone) {
  try_run([&](Database& database) { database.forget(gone); });
}

void Catalog::put_record(std::string_view source, std::string_view fingerprint, std::string_view value) {
  directory_.check_writable();
  if (run([&](Database& database) { database.put_record(source, fingerprint, value, now()); })) return;
  throw StoreError("keep a record in (the database is damaged, or cannot be opened)", file_.string(), 0,
                   "end the other processes that use this store, so that it can be made anew");
}

std::optional<std::string> Catalog::find_record(std::string_view source, std::string_view fingerprint) {
  std::optional<std::string> found;
  try_run([&](Database& database) { found = database.find_record(source, fingerprint); });
  if (found && !directory_.read_only) {
    try_run([&](Database& database) { database.count_record_use(source, fingerprint, now()); });
  }
  return found;
}

void Catalog::drop_record(std::string_view source, std::string_view fingerprint) {
  directory_.check_writable();
  run([&](Database& database) { database.drop_record(source, fingerprint); });
}

void Catalog::trim_records(std::uint64_t most) {
  try_run([&](Database& database) { database.trim_records(most); });
}

std::uint64_t Catalog::count_records() {
  std::uint64_t count = 0;
  try_run([&](Database& database) { count = database.count_records(); });
  return count;
}

}  // namespace accel::store::detail
