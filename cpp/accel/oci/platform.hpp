/// OS and architecture of an image, and the text form users write.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace accel::oci {

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string os_version;
  std::vector<std::string> os_features;
  std::map<std::string, std::string> unknown;  ///< member name → JSON text
  friend bool operator==(const Platform&, const Platform&) = default;

  /// Reads `os/arch[/variant]`; `amd64`-like aliases are normalised as containerd does (x86_64 → amd64,
  /// aarch64 → arm64, arm64/v8 → arm64, arm → arm/v7, i386 → 386). Throws ConfigError.
  static Platform parse(std::string_view text);
  /// `os/arch[/variant]`.
  [[nodiscard]] std::string to_string() const;
  /// True when an image for `this` is what someone who asked for `wanted` means: os and architecture equal, variant
  /// equal after normalisation (a wanted one without a variant takes any for arm64 and amd64).
  [[nodiscard]] bool matches(const Platform& wanted) const;
};

/// True when `wanted` is empty or `platform` matches one of them.
bool is_wanted(const Platform& platform, const std::vector<Platform>& wanted);

/// The platform of this machine.
Platform host_platform();

}  // namespace accel::oci
