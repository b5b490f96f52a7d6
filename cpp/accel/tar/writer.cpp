#include "accel/tar/writer.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "accel/base/error.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/pax.hpp"

namespace accel::tar {

namespace {

using BlockBytes = std::array<std::byte, kBlockSize>;

char type_flag(EntryType type) noexcept {
  switch (type) {
    case EntryType::regular:
      return '0';
    case EntryType::hardlink:
      return '1';
    case EntryType::symlink:
      return '2';
    case EntryType::character:
      return '3';
    case EntryType::block:
      return '4';
    case EntryType::directory:
      return '5';
    case EntryType::fifo:
      return '6';
  }
  return '0';
}

bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
}

/// Where a name is cut into prefix and name, neither empty, or npos. The slash itself is not stored.
std::size_t split_at(std::string_view name) noexcept {
  const std::string_view head = name.substr(0, std::min(field::kPrefix.size + 1, name.size() - 1));
  const std::size_t slash = head.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::string_view::npos;
  return name.size() - slash - 1 <= field::kName.size ? slash : std::string_view::npos;
}

void refuse_nul(const Entry& entry, std::string_view text, std::string_view what) {
  if (text.find('\0') == std::string_view::npos) return;
  throw FormatError("the " + std::string(what) + " holds a NUL byte, which tar cannot store",
                    {.digest = {}, .path = shown_name(entry.name), .offset = {}});
}

/// One entry on its way into a header block; what the block cannot hold becomes a PAX record.
class HeaderWriter {
 public:
  explicit HeaderWriter(const Entry& entry) : entry_(entry) {}

  void write(Buffer& out) {
    put_names();
    put_number(field::kMode, entry_.mode);  // modes and device numbers have no PAX record: base-256 where too big
    put_number(field::kUid, "uid", entry_.uid);
    put_number(field::kGid, "gid", entry_.gid);
    put_number(field::kSize, "size", entry_.size);
    put_mtime();
    block_[field::kTypeFlag.offset] = static_cast<std::byte>(type_flag(entry_.type));
    put_ustar_mark();
    put_number(field::kDeviceMajor, entry_.device_major);
    put_number(field::kDeviceMinor, entry_.device_minor);
    if (entry_.atime) records_["atime"] = format_pax_time(*entry_.atime);
    if (entry_.ctime) records_["ctime"] = format_pax_time(*entry_.ctime);
    put_xattrs();
    set_checksum(block_);
    if (!records_.empty()) write_records(out);
    out.append(block_);
  }

 private:
  void put_ustar_mark() noexcept {
    set_text_field(block_, field::kMagic, std::string_view("ustar\0", 6));
    set_text_field(block_, field::kVersion, "00");
  }

  void put_names() {
    refuse_nul(entry_, entry_.name, "name");
    const std::string_view name = entry_.name;
    const std::size_t slash = name.size() > field::kName.size ? split_at(name) : std::string_view::npos;
    if (slash != std::string_view::npos && is_plain(name)) {
      set_text_field(block_, field::kPrefix, name.substr(0, slash));
      set_text_field(block_, field::kName, name.substr(slash + 1));
    } else {
      put_text(field::kName, "path", name, "name");
    }
    put_text(field::kLinkName, "linkpath", entry_.link_name, "link target");
    put_text(field::kUserName, "uname", entry_.user_name, "user name");
    put_text(field::kGroupName, "gname", entry_.group_name, "group name");
  }

  /// The whole text, or as much of it as programs that do not know PAX can use.
  void put_text(Field field, std::string_view key, std::string_view text, std::string_view what) {
    refuse_nul(entry_, text, what);
    if (text.size() <= field.size && is_plain(text)) {
      set_text_field(block_, field, text);
      return;
    }
    records_.emplace(key, text);
    set_text_field(block_, field, plain_excerpt(text, field.size));
  }

  std::string plain_excerpt(std::string_view text, std::size_t size) const {
    std::string excerpt(text.substr(0, size));
    std::replace_if(
        excerpt.begin(), excerpt.end(), [](char c) { return c <= 0; }, '_');
    // Some readers take a final slash for a directory, whatever the PAX record says.
    if (excerpt.ends_with('/') && entry_.type != EntryType::directory) excerpt.back() = '_';
    return excerpt;
  }

  void put_number(Field field, std::uint64_t value) noexcept { set_number_field(block_, field, value); }

  void put_number(Field field, std::string_view key, std::uint64_t value) {
    const bool fits = fits_octal(field, value);
    if (!fits) records_.emplace(key, std::to_string(value));
    put_number(field, fits ? value : 0);
  }

  void put_mtime() {
    const std::int64_t seconds = entry_.mtime.seconds;
    const bool fits = seconds >= 0 && fits_octal(field::kMtime, static_cast<std::uint64_t>(seconds));
    if (!fits || entry_.mtime.nanoseconds != 0) records_["mtime"] = format_pax_time(entry_.mtime);
    put_number(field::kMtime, fits ? static_cast<std::uint64_t>(seconds) : 0);
  }

  void put_xattrs() {
    for (const auto& [name, value] : entry_.xattrs) {
      refuse_nul(entry_, name, "name of an xattr");
      if (name.find('=') != std::string::npos) {
        throw UnsupportedError(shown_name(entry_.name) + ": xattr \"" + shown_name(name) +
                                   "\" has an equals sign in its name, which PAX cannot store",
                               "remove the xattr and rebuild the layer");
      }
      records_["SCHILY.xattr." + name] = value;
    }
  }

  void write_records(Buffer& out) const {
    std::string payload;
    for (const auto& [key, value] : records_) append_pax_record(key, value, payload);
    Entry extension;
    extension.name = "PaxHeaders/" + std::string(base_name(clean_path(entry_.name)));
    extension.name = plain_excerpt(extension.name, field::kName.size);
    extension.mode = 0644;
    extension.size = payload.size();
    HeaderWriter writer(extension);
    writer.write_extension(out);
    out.append(as_bytes(payload));
    out.append_zeros(padding_size(payload.size()));
  }

  void write_extension(Buffer& out) {
    const std::size_t at = out.size();
    write(out);
    const std::span<std::byte, kBlockSize> block(out.data() + at, kBlockSize);
    block[field::kTypeFlag.offset] = std::byte{'x'};
    set_checksum(block);
  }

  const Entry& entry_;
  BlockBytes block_{};
  std::map<std::string, std::string, std::less<>> records_;
};

}  // namespace

void write_header(const Entry& entry, Buffer& out) { HeaderWriter(entry).write(out); }

Buffer plain_header(std::string_view name, EntryType type, std::uint32_t mode, std::uint64_t size) {
  Entry entry;
  entry.name = name;
  entry.type = type;
  entry.mode = mode;
  entry.size = size;
  Buffer header;
  write_header(entry, header);
  return header;
}

void write_end(Buffer& out) { out.append_zeros(2 * kBlockSize); }

}  // namespace accel::tar
