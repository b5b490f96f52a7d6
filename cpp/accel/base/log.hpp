/// Structured log records. The sink is passed in; nothing here is global.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accel {

enum class LogLevel { debug, info, warning, error };

/// Fields of a record. Never put credentials or unredacted URLs here.
using LogFields = std::vector<std::pair<std::string, std::string>>;

/// Receives records from any thread. Must not throw.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void log(LogLevel level, std::string_view message, const LogFields& fields) = 0;

  void debug(std::string_view message, const LogFields& fields = {}) { log(LogLevel::debug, message, fields); }
  void info(std::string_view message, const LogFields& fields = {}) { log(LogLevel::info, message, fields); }
  void warning(std::string_view message, const LogFields& fields = {}) { log(LogLevel::warning, message, fields); }
};

/// Discards all records.
class NullLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, const LogFields&) override {}
};

}  // namespace accel
