/// Range headers: of downloads, and in the dialect of upload sessions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace accel::registry {

/// Bytes first to last, both included, of a whole of `total` (absent: unknown).
struct ContentRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> total;
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

/// Reads "bytes 0-99/200" or "bytes 0-99/*". Nothing for anything else.
std::optional<ContentRange> parse_content_range(std::string_view value);

/// Reads the Range field of an upload's status, "0-99" or "bytes=0-99": the number of bytes the registry has, 100.
/// Nothing for anything else. QUIRK: docker-registry 2.8 answers "0-0" both for nothing and for one byte; it is read
/// as nothing, because a chunk of one byte is never sent alone but as the last.
std::optional<std::uint64_t> parse_upload_range(std::string_view value);

/// "bytes=first-last" for a request.
std::string range_value(std::uint64_t first, std::uint64_t last);

}  // namespace accel::registry
