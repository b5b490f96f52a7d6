/// One member of a tar stream, with everything its headers said resolved.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace accel::tar {

enum class EntryType : std::uint8_t { regular, directory, symlink, hardlink, character, block, fifo };

/// Seconds and nanoseconds since the epoch; `nanoseconds` is 0…999,999,999 also for negative times.
struct Time {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  friend auto operator<=>(const Time&, const Time&) = default;
};

/// Value type. Strings hold the bytes of the tar, whatever their encoding.
struct Entry {
  std::string name;  ///< verbatim, long names resolved: may begin with "./" or "/", directories may end in "/"
  EntryType type = EntryType::regular;
  std::string link_name;   ///< verbatim; symlink and hardlink only
  std::uint32_t mode = 0;  ///< the raw mode field: permissions, set-id, sticky, and type bits if the header had them
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::string user_name;
  std::string group_name;
  std::uint64_t size = 0;         ///< bytes of content a reader of the file sees (sparse: expanded); 0 unless regular
  std::uint64_t header_size = 0;  ///< the size the header states, whatever the type (sparse: as stored, map included)
  Time mtime;
  std::optional<Time> atime;
  std::optional<Time> ctime;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::map<std::string, std::string> xattrs;  ///< name → raw value, from SCHILY.xattr.* (and LIBARCHIVE.xattr.*)
  bool sparse = false;                        ///< stored as a sparse file (any GNU kind)
  std::uint64_t header_offset = 0;            ///< of its first header block in the uncompressed stream
  std::uint64_t payload_offset = 0;           ///< of its first payload byte in the uncompressed stream
  friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace accel::tar
