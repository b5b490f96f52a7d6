#include "accel/tar/path.hpp"

#include <cstdint>
#include <cstring>

#include "accel/base/error.hpp"

namespace accel::tar {

namespace {

/// Cuts the next component off `rest`; "" for doubled and trailing slashes.
std::string_view next_component(std::string_view& rest) noexcept {
  const std::size_t slash = rest.find('/');
  const std::string_view component = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return component;
}

/// True when `name` already is what clean_path would return: most names of a layer, maybe after "./".
bool is_clean(std::string_view name) noexcept {
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view component = name.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
    if (name.empty()) return false;
  }
  return true;
}

[[noreturn]] void refuse(std::string_view name, std::string message) {
  throw FormatError(std::move(message), {.digest = {}, .path = shown_name(name), .offset = {}},
                    "rebuild the image without this entry");
}

/// Bytes of the UTF-8 sequence that starts at `text`, 0 when it is none (Unicode 15, table 3-7).
std::size_t sequence_length(const unsigned char* text, std::size_t available) noexcept {
  const auto continues = [&](std::size_t at, unsigned low, unsigned high) {
    return at < available && text[at] >= low && text[at] <= high;
  };
  const unsigned lead = text[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1, 0x80, 0xBF) ? 2 : 0;
  if (lead < 0xF0) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
    return continues(1, low, high) && continues(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead < 0xF5) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;  // at most U+10FFFF
    return continues(1, low, high) && continues(2, 0x80, 0xBF) && continues(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string clean_path(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  if (is_clean(name)) return std::string(name);
  std::string clean;
  clean.reserve(name.size());
  while (!name.empty()) {
    const std::string_view component = next_component(name);
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      clean.resize(parent_path(clean).size());
      continue;
    }
    if (!clean.empty()) clean += '/';
    clean += component;
  }
  return clean;
}

std::string safe_path(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) refuse(name, "the name holds a NUL byte, which no file name can");
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view component = next_component(rest);
    if (component == "..") refuse(name, "the name holds \"..\", which could lead out of the image");
    if (component.size() > kMaxComponentSize) {
      refuse(name, "a component of the name has " + std::to_string(component.size()) + " bytes, at most " +
                       std::to_string(kMaxComponentSize) + " are possible");
    }
  }
  std::string clean = clean_path(name);
  if (clean.size() > kMaxPathSize) {
    refuse(name, "the path has " + std::to_string(clean.size()) + " bytes, at most " + std::to_string(kMaxPathSize) +
                     " are possible");
  }
  return clean;
}

bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    std::uint64_t word = 0x80;
    if (left >= sizeof(word)) std::memcpy(&word, at, sizeof(word));
    const bool ascii = (word & 0x8080808080808080U) == 0;  // eight at once: nearly all names are ASCII
    const std::size_t step = ascii ? sizeof(word) : sequence_length(at, left);
    if (step == 0) return false;
    at += step;
    left -= step;
  }
  return true;
}

std::string shown_name(std::string_view name) {
  constexpr std::size_t kMaxShown = 512;
  if (name.size() <= kMaxShown) return std::string(name);
  return std::string(name.substr(0, kMaxShown)) + "... (" + std::to_string(name.size()) + " bytes)";
}

std::string_view base_name(std::string_view clean) noexcept {
  const std::size_t slash = clean.rfind('/');
  return slash == std::string_view::npos ? clean : clean.substr(slash + 1);
}

std::string_view parent_path(std::string_view clean) noexcept {
  const std::size_t slash = clean.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : clean.substr(0, slash);
}

}  // namespace accel::tar
