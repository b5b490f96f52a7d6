#include "accel/formats/nydus/rafs/xattr.hpp"

#include <array>

#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

struct Prefix {
  std::uint8_t number;  // on disk, do not renumber
  bool whole;           // the prefix is the whole name
  std::string_view text;
};

constexpr std::array<Prefix, 5> kPrefixes{{{1, false, "user."},
                                           {2, true, "system.posix_acl_access"},
                                           {3, true, "system.posix_acl_default"},
                                           {4, false, "trusted."},
                                           {6, false, "security."}}};

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxValueV6 = 65535;  // a 16-bit field
constexpr std::size_t kMaxValueV5 = 65536;

}  // namespace

std::optional<XattrName> split_xattr(std::string_view name) {
  for (const Prefix& prefix : kPrefixes) {
    if (!name.starts_with(prefix.text)) continue;
    const std::string_view suffix = name.substr(prefix.text.size());
    if (suffix.empty() == prefix.whole) return XattrName{.prefix = prefix.number, .suffix = suffix};
  }
  return std::nullopt;
}

std::string xattr_problem(const Xattrs& xattrs, FsVersion version) {
  const std::size_t max_value = version == FsVersion::v6 ? kMaxValueV6 : kMaxValueV5;
  for (const auto& [name, value] : xattrs) {
    const std::string shown = "extended attribute " + tar::shown_name(name);
    if (name.find('\0') != std::string::npos) return shown + " has a NUL in its name";
    if (!split_xattr(name)) {
      return shown + ", where Nydus takes user.*, security.*, trusted.* and the two POSIX ACLs";
    }
    if (name.size() > kMaxName)
      return shown + " has a name of " + std::to_string(name.size()) + " bytes, at most 255 fit";
    if (value.size() > max_value) {
      return shown + " has " + std::to_string(value.size()) + " bytes, at most " + std::to_string(max_value) + " fit";
    }
  }
  if (version == FsVersion::v6 && xattr_size_v6(xattrs) > v6::kMaxXattrSize) {
    return std::to_string(xattr_size_v6(xattrs)) + " bytes of extended attributes, at most " +
           std::to_string(v6::kMaxXattrSize) + " fit";
  }
  return {};
}

std::size_t xattr_size_v6(const Xattrs& xattrs) {
  if (xattrs.empty()) return 0;
  std::size_t size = v6::kXattrHeaderSize;
  for (const auto& [name, value] : xattrs) {
    const std::optional<XattrName> split = split_xattr(name);
    const std::size_t entry = v6::kXattrEntrySize + (split ? split->suffix.size() : 0) + value.size();
    size += (entry + 3) / 4 * 4;
  }
  return size;
}

std::size_t xattr_size_v5(const Xattrs& xattrs) {
  std::size_t size = 0;
  for (const auto& [name, value] : xattrs) size += 4 + name.size() + 1 + value.size();
  return size;
}

}  // namespace accel::formats::nydus
