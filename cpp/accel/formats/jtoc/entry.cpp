#include "accel/formats/jtoc/entry.hpp"

#include <array>

namespace accel::formats::jtoc {

namespace {

// Indexed by EntryKind.
constexpr std::array<std::string_view, 8> kKindNames = {"dir",  "reg",   "symlink", "hardlink",
                                                        "char", "block", "fifo",    "chunk"};

}  // namespace

bool is_landmark(std::string_view clean_path) noexcept {
  return clean_path == kNoPrefetchLandmark || clean_path == kPrefetchLandmark;
}

bool is_added_by_format(std::string_view clean_path) noexcept {
  return is_landmark(clean_path) || clean_path == kTocName;
}

std::string_view to_string(EntryKind kind) noexcept { return kKindNames[static_cast<std::size_t>(kind)]; }

std::optional<EntryKind> parse_kind(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == text) return static_cast<EntryKind>(i);
  }
  return std::nullopt;
}

EntryKind kind_of(tar::EntryType type) noexcept {
  switch (type) {
    case tar::EntryType::regular:
      return EntryKind::regular;
    case tar::EntryType::directory:
      return EntryKind::directory;
    case tar::EntryType::symlink:
      return EntryKind::symlink;
    case tar::EntryType::hardlink:
      return EntryKind::hardlink;
    case tar::EntryType::character:
      return EntryKind::character;
    case tar::EntryType::block:
      return EntryKind::block;
    case tar::EntryType::fifo:
      break;
  }
  return EntryKind::fifo;
}

tar::EntryType tar_type_of(EntryKind kind) noexcept {
  switch (kind) {
    case EntryKind::directory:
      return tar::EntryType::directory;
    case EntryKind::symlink:
      return tar::EntryType::symlink;
    case EntryKind::hardlink:
      return tar::EntryType::hardlink;
    case EntryKind::character:
      return tar::EntryType::character;
    case EntryKind::block:
      return tar::EntryType::block;
    case EntryKind::fifo:
      return tar::EntryType::fifo;
    case EntryKind::regular:
    case EntryKind::chunk:
      break;
  }
  return tar::EntryType::regular;
}

Entry from_header(const tar::Entry& header) {
  Entry entry;
  entry.name = header.name;
  entry.kind = kind_of(header.type);
  entry.mode = header.mode;
  entry.link_name = header.link_name;
  entry.uid = header.uid;
  entry.gid = header.gid;
  entry.device_major = header.device_major;
  entry.device_minor = header.device_minor;
  entry.xattrs.assign(header.xattrs.begin(), header.xattrs.end());
  return entry;
}

tar::Entry to_header(const Entry& entry) {
  tar::Entry header;
  header.name = entry.name;
  header.type = tar_type_of(entry.kind);
  header.mode = entry.mode;
  header.link_name = entry.link_name;
  header.uid = entry.uid;
  header.gid = entry.gid;
  header.user_name = entry.user_name;
  header.group_name = entry.group_name;
  if (entry.kind == EntryKind::regular) header.size = entry.size;
  header.header_size = header.size;
  header.mtime = entry.modtime.value_or(tar::Time{});
  header.atime = entry.accesstime;
  header.ctime = entry.changetime;
  header.device_major = entry.device_major;
  header.device_minor = entry.device_minor;
  header.xattrs.insert(entry.xattrs.begin(), entry.xattrs.end());
  return header;
}

}  // namespace accel::formats::jtoc
