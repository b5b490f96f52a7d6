#include "accel/formats/fingerprint.hpp"

#include "accel/hash/hasher.hpp"

namespace accel::formats {

std::string make_fingerprint(std::string_view format, int version,
                             const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string text = std::string(format) + "/" + std::to_string(version);
  for (const auto& [key, value] : values) text.append(" ").append(key).append("=").append(value);
  return text;
}

std::string list_fingerprint(const std::vector<std::string>& items) {
  if (items.empty()) return "none";
  hash::Hasher hasher;
  for (const std::string& item : items) {
    hasher.update(as_bytes(item));
    hasher.update(as_bytes(std::string_view("\0", 1)));
  }
  return hasher.finish().hex().substr(0, 16);
}

}  // namespace accel::formats
