#include "accel/oci/platform.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::oci {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Aliases as containerd's platforms package resolves them.
Platform normalised(Platform platform) {
  auto& arch = platform.architecture;
  auto& variant = platform.variant;
  platform.os = lower(platform.os);
  arch = lower(arch);
  variant = lower(variant);
  if (platform.os == "macos") platform.os = "darwin";
  if (arch == "i386") {
    arch = "386";
    variant.clear();
  } else if (arch == "x86_64" || arch == "x86-64" || arch == "amd64") {
    arch = "amd64";
    if (variant == "v1") variant.clear();
  } else if (arch == "aarch64" || arch == "arm64") {
    arch = "arm64";
    if (variant == "8" || variant == "v8") variant.clear();
  } else if (arch == "armhf") {
    arch = "arm";
    variant = "v7";
  } else if (arch == "armel") {
    arch = "arm";
    variant = "v6";
  } else if (arch == "arm") {
    if (variant.empty()) variant = "v7";
    if (variant.size() == 1 && variant[0] >= '5' && variant[0] <= '8') variant = "v" + variant;
  }
  return platform;
}

bool is_component(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

}  // namespace

Platform Platform::parse(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() < 2 || parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), is_component)) {
    throw ConfigError("\"" + std::string(text) + "\" is no platform: want OS/ARCH[/VARIANT]",
                      "for example linux/amd64 or linux/arm/v7");
  }
  Platform platform;
  platform.os = parts[0];
  platform.architecture = parts[1];
  if (parts.size() == 3) platform.variant = parts[2];
  return normalised(std::move(platform));
}

std::string Platform::to_string() const {
  std::string text = os + "/" + architecture;
  if (!variant.empty()) text += "/" + variant;
  return text;
}

bool Platform::matches(const Platform& wanted) const {
  const Platform have = normalised(*this);
  const Platform want = normalised(wanted);
  if (have.os != want.os || have.architecture != want.architecture) return false;
  // Windows images of one architecture differ by the build of the system.
  if (!want.os_version.empty() && have.os_version != want.os_version) return false;
  if (have.variant == want.variant) return true;
  return want.variant.empty() && (want.architecture == "arm64" || want.architecture == "amd64");
}

bool is_wanted(const Platform& platform, const std::vector<Platform>& wanted) {
  return wanted.empty() ||
         std::any_of(wanted.begin(), wanted.end(), [&](const Platform& one) { return platform.matches(one); });
}

Platform host_platform() {
  utsname name{};
  Platform platform;
  platform.os = "linux";
  // uname cannot fail on a valid buffer; its machine names beyond the aliases below are Go's too (riscv64, s390x).
  if (uname(&name) == 0) platform.architecture = static_cast<const char*>(name.machine);
  if (platform.architecture == "armv7l") platform.architecture = "armhf";
  if (platform.architecture == "armv6l") platform.architecture = "armel";
  if (platform.architecture == "i686" || platform.architecture == "i586") platform.architecture = "386";
  if (platform.architecture == "loongarch64") platform.architecture = "loong64";
  return normalised(std::move(platform));
}

}  // namespace accel::oci
