#include "accel/store/detail/database.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace accel::store::detail {

namespace {

/// Written to the file; every change of the tables takes the next number and a step in set_up. Do not renumber.
constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kTables = R"sql(
CREATE TABLE blob_use(
  name TEXT PRIMARY KEY,        -- file in blobs/sha256
  uses INTEGER NOT NULL,
  used_at INTEGER NOT NULL,     -- seconds since 1970
  sequence INTEGER NOT NULL     -- order of uses
) WITHOUT ROWID;
CREATE INDEX blob_use_sequence ON blob_use(sequence);
CREATE TABLE record(
  source TEXT NOT NULL,         -- digest of the source layer
  fingerprint TEXT NOT NULL,    -- of format, options, encoder version
  value TEXT NOT NULL,          -- JSON
  used_at INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY(source, fingerprint)
) WITHOUT ROWID;
CREATE INDEX record_sequence ON record(sequence);
PRAGMA user_version = 1;
)sql";

/// Others hold the file for one short transaction at a time.
constexpr int kBusyMilliseconds = 5000;

/// The errno nearest to an SQLite result, for hints.
int errno_of(int code, sqlite3* connection) noexcept {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return EBUSY;
    case SQLITE_READONLY:
      return EROFS;
    case SQLITE_PERM:
      return EACCES;
    case SQLITE_NOMEM:
      return ENOMEM;
    default: {
      const int cause = connection == nullptr ? 0 : sqlite3_system_errno(connection);
      return cause != 0 ? cause : EIO;
    }
  }
}

bool is_damage(int code) noexcept { return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB; }

}  // namespace

/// A prepared statement of a Database. Parameters are bound in order.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql) : database_(database) {
    sqlite3_stmt* made = nullptr;
    database_.check(
        sqlite3_prepare_v2(database_.connection_.get(), sql.data(), static_cast<int>(sql.size()), &made, nullptr),
        "read");
    statement_.reset(made);
  }

  Statement& bind(std::string_view text) {
    // SQLITE_STATIC: callers keep what they bind until the statement ran.
    database_.check(
        sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8), "use");
    return *this;
  }
  Statement& bind(std::int64_t number) {
    database_.check(sqlite3_bind_int64(statement_.get(), ++bound_, number), "use");
    return *this;
  }

  /// True when there is a row.
  bool step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) database_.fail("use", code);
    return false;
  }
  /// Runs a statement to its end, and makes it ready for other parameters.
  void run() {
    while (step()) {
    }
    sqlite3_reset(statement_.get());
    bound_ = 0;
  }

  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  [[nodiscard]] std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
  }

 private:
  struct Finish {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finish> statement_;
  int bound_ = 0;
};

void Database::Close::operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }

Database::Database(const std::filesystem::path& file, int flags) : name_(file.string()) {
  sqlite3* made = nullptr;
  const int code = sqlite3_open_v2(name_.c_str(), &made, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
  connection_.reset(made);
  check(code, "open");
  sqlite3_busy_timeout(connection_.get(), kBusyMilliseconds);
  // The file may come from anybody: nothing in its schema may call functions.
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

Database::Database(const std::filesystem::path& file) : Database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
  set_up();
}

Database Database::open_read_only(const std::filesystem::path& file) {
  Database database(file, SQLITE_OPEN_READONLY);
  if (database.number("PRAGMA user_version") != kSchemaVersion) {
    throw StoreError("read (it is of another version)", database.name_, 0);
  }
  return database;
}

void Database::fail(const char* attempt, int code) const {
  const std::string text = std::string(attempt) + " the database (" + sqlite3_errstr(code) + ")";
  if (is_damage(code)) throw DatabaseDamaged(text, name_, 0, "it is rebuilt when nobody else uses it");
  throw StoreError(text, name_, errno_of(code, connection_.get()));
}

void Database::check(int code, const char* attempt) const {
  if (code != SQLITE_OK) fail(attempt, code);
}

void Database::run(const char* sql) const {
  check(sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr), "use");
}

std::int64_t Database::number(const char* sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

void Database::set_up() {
  // Changing to WAL does not wait for others as everything else does.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyMilliseconds);
  for (;;) {
    const int code = sqlite3_exec(connection_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) break;
    if ((code & 0xFF) != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) fail("open", code);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  // NORMAL: a power failure may take the last transactions, never the file's consistency.
  run("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
  std::int64_t version = number("PRAGMA user_version");
  if (version == 0) {
    transaction([&] {
      if (number("PRAGMA user_version") == 0) run(kTables);  // else another process was quicker
    });
    version = number("PRAGMA user_version");
  }
  if (version > kSchemaVersion) {
    throw UnsupportedError(name_ + ": was made by a newer version of this program (schema " + std::to_string(version) +
                               ", this one knows " + std::to_string(kSchemaVersion) + ")",
                           "use that version, or another directory");
  }
}

void Database::transaction(const std::function<void()>& work) {
  run("BEGIN IMMEDIATE");
  try {
    work();
    run("COMMIT");
  } catch (...) {
    // A failed statement may have rolled back by itself; then this one says so, and that is all right.
    static_cast<void>(sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr));
    throw;
  }
}

void Database::count_uses(const std::vector<std::string>& names, std::int64_t now) {
  if (names.empty()) return;
  transaction([&] {
    Statement use(*this,
                  "INSERT INTO blob_use(name, uses, used_at, sequence) "
                  "VALUES (?1, 1, ?2, (SELECT coalesce(max(sequence), 0) + 1 FROM blob_use)) "
                  "ON CONFLICT(name) DO UPDATE SET "
                  "uses = uses + 1, used_at = excluded.used_at, sequence = excluded.sequence");
    for (const auto& name : names) use.bind(name).bind(now).run();
  });
}

void Database::add_unknown(const std::vector<std::string>& names, std::int64_t now) {
  if (names.empty()) return;
  transaction([&] {
    Statement add(*this,
                  "INSERT INTO blob_use(name, uses, used_at, sequence) "
                  "VALUES (?1, 0, ?2, (SELECT coalesce(max(sequence), 0) + 1 FROM blob_use)) ON CONFLICT DO NOTHING");
    for (const auto& name : names) add.bind(name).bind(now).run();
  });
}

std::unordered_map<std::string, BlobUse> Database::uses() const {
  std::unordered_map<std::string, BlobUse> found;
  Statement all(*this, "SELECT name, uses, sequence, used_at FROM blob_use");
  while (all.step()) {
    found.emplace(all.text(0), BlobUse{static_cast<std::uint64_t>(all.number(1)),
                                       static_cast<std::uint64_t>(all.number(2)), all.number(3)});
  }
  return found;
}

void Database::forget(const std::vector<std::pair<std::string, std::uint64_t>>& gone) {
  if (gone.empty()) return;
  transaction([&] {
    Statement drop(*this, "DELETE FROM blob_use WHERE name = ?1 AND sequence <= ?2");
    for (const auto& [name, sequence] : gone) drop.bind(name).bind(static_cast<std::int64_t>(sequence)).run();
  });
}

void Database::put_record(std::string_view source, std::string_view fingerprint, std::string_view value,
                          std::int64_t now) {
  transaction([&] {
    Statement put(*this,
                  "INSERT INTO record(source, fingerprint, value, used_at, sequence) "
                  "VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(sequence), 0) + 1 FROM record)) "
                  "ON CONFLICT(source, fingerprint) DO UPDATE SET "
                  "value = excluded.value, used_at = excluded.used_at, sequence = excluded.sequence");
    put.bind(source).bind(fingerprint).bind(value).bind(now).run();
  });
}

std::optional<std::string> Database::find_record(std::string_view source, std::string_view fingerprint) const {
  Statement find(*this, "SELECT value FROM record WHERE source = ?1 AND fingerprint = ?2");
  if (!find.bind(source).bind(fingerprint).step()) return std::nullopt;
  return find.text(0);
}

void Database::count_record_use(std::string_view source, std::string_view fingerprint, std::int64_t now) {
  transaction([&] {
    Statement use(*this,
                  "UPDATE record SET used_at = ?3, sequence = (SELECT max(sequence) + 1 FROM record) "
                  "WHERE source = ?1 AND fingerprint = ?2");
    use.bind(source).bind(fingerprint).bind(now).run();
  });
}

void Database::drop_record(std::string_view source, std::string_view fingerprint) {
  transaction([&] {
    Statement(*this, "DELETE FROM record WHERE source = ?1 AND fingerprint = ?2").bind(source).bind(fingerprint).run();
  });
}

void Database::trim_records(std::uint64_t most) {
  transaction([&] {
    Statement(*this,
              "DELETE FROM record WHERE sequence <= "
              "(SELECT sequence FROM record ORDER BY sequence DESC LIMIT 1 OFFSET ?1)")
        .bind(static_cast<std::int64_t>(most))
        .run();
  });
}

std::uint64_t Database::count_records() const {
  return static_cast<std::uint64_t>(number("SELECT count(*) FROM record"));
}

}  // namespace accel::store::detail
