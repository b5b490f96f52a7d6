/// The SQLite file of a local store: how often and when blobs were used, and layer records. The only place that knows
/// SQLite. What it holds can be lost without harm: the blobs themselves are files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accel/base/error.hpp"

struct sqlite3;

namespace accel::store::detail {

/// The file is no database, or contradicts itself.
class DatabaseDamaged final : public StoreError {
  using StoreError::StoreError;
};

/// How a blob was used. Ordered as blobs are evicted: least frequently used first, among equals least recently.
struct BlobUse {
  std::uint64_t uses = 0;
  std::uint64_t sequence = 0;  ///< grows with each use of any blob, whatever the clock does; 0: never used
  std::int64_t used_at = 0;    ///< seconds since 1970, for people
};

/// One connection. Used by one thread at a time; any number of processes may have the file open. Methods throw
/// DatabaseDamaged, and StoreError with ENOSPC, EBUSY, … for other failures.
class Database {
 public:
  /// Makes the file, or opens it. Damage may show later only: then the method that meets it throws. Throws
  /// UnsupportedError for one that a newer version of this program made.
  explicit Database(const std::filesystem::path& file);
  /// Opens an existing file for reading.
  static Database open_read_only(const std::filesystem::path& file);

  /// Notes one use of each blob.
  void count_uses(const std::vector<std::string>& names, std::int64_t now);
  /// Notes blobs that are new to the database, without a use; the first of them are evicted first.
  void add_unknown(const std::vector<std::string>& names, std::int64_t now);
  [[nodiscard]] std::unordered_map<std::string, BlobUse> uses() const;
  /// Forgets blobs, each unless it was used after `sequence`.
  void forget(const std::vector<std::pair<std::string, std::uint64_t>>& gone);

  void put_record(std::string_view source, std::string_view fingerprint, std::string_view value, std::int64_t now);
  [[nodiscard]] std::optional<std::string> find_record(std::string_view source, std::string_view fingerprint) const;
  void count_record_use(std::string_view source, std::string_view fingerprint, std::int64_t now);
  void drop_record(std::string_view source, std::string_view fingerprint);
  /// Keeps the `most` records that were used last.
  void trim_records(std::uint64_t most);
  [[nodiscard]] std::uint64_t count_records() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
  };

  Database(const std::filesystem::path& file, int flags);
  [[noreturn]] void fail(const char* attempt, int code) const;
  void check(int code, const char* attempt) const;
  void run(const char* sql) const;
  [[nodiscard]] std::int64_t number(const char* sql) const;
  void set_up();
  /// Runs `work` as one transaction that has the right to write from its start.
  void transaction(const std::function<void()>& work);
  friend class Statement;

  const std::string name_;
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace accel::store::detail
