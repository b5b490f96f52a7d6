/// What a local store remembers besides the blobs, made to survive: a database that is damaged, missing, busy or on a
/// full disk costs the memory of uses and records, never a blob.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "accel/base/clock.hpp"
#include "accel/io/unique_fd.hpp"
#include "accel/store/detail/database.hpp"
#include "accel/store/detail/store_directory.hpp"

namespace accel::store::detail {

/// Thread-safe. Every method is one short transaction.
class Catalog {
 public:
  /// Opens the database in `directory`, which must outlive this object, or makes it. A damaged one is made anew when no
  /// other process has it open. Throws UnsupportedError for one of a newer version of this program.
  Catalog(const StoreDirectory& directory, std::shared_ptr<Clock> clock);

  /// Notes one use of a blob, as far as possible.
  void count_use(const std::string& name);
  /// All uses; empty without a database.
  std::unordered_map<std::string, BlobUse> uses();
  /// Notes blobs the database does not know, oldest first, as far as possible.
  void add_unknown(const std::vector<std::string>& names);
  /// Forgets blobs that are gone (see Database::forget), as far as possible.
  void forget(const std::vector<std::pair<std::string, std::uint64_t>>& gone);

  /// Throws StoreError when the record could not be kept.
  void put_record(std::string_view source, std::string_view fingerprint, std::string_view value);
  /// Nothing without a database.
  std::optional<std::string> find_record(std::string_view source, std::string_view fingerprint);
  /// Throws StoreError.
  void drop_record(std::string_view source, std::string_view fingerprint);
  /// Keeps the `most` records that were used last, as far as possible.
  void trim_records(std::uint64_t most);
  std::uint64_t count_records();

  /// Seconds since 1970 by the store's clock.
  [[nodiscard]] std::int64_t now() const;

 private:
  using Work = std::function<void(Database&)>;
  /// False when there is no database to run `work` on. Throws StoreError.
  bool run(const Work& work);
  /// Like run; a failure is none of the caller's business.
  void try_run(const Work& work);
  void open();
  /// Makes the database anew unless another process has it open.
  void rebuild();
  const StoreDirectory& directory_;
  const std::shared_ptr<Clock> clock_;
  const std::filesystem::path file_;
  std::mutex mutex_;  // for all below
  io::UniqueFd lock_;
  std::unique_ptr<Database> database_;
  std::chrono::steady_clock::time_point opened_;  // last attempt
};

}  // namespace accel::store::detail
