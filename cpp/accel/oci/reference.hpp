/// Image references by Docker's rules: host[:port]/repository[:tag][@digest].
#pragma once

#include <string>
#include <string_view>

#include "accel/hash/digest.hpp"

namespace accel::oci {

/// A normalised reference. Value type.
struct Reference {
  std::string host;        ///< "docker.io", "localhost:5000"
  std::string repository;  ///< "library/nginx"
  std::string tag;         ///< "" when absent
  hash::Digest digest;     ///< empty when absent

  /// Normalises as Docker does: `nginx` → docker.io/library/nginx, tag `latest` only when there is neither tag nor
  /// digest. Throws InvalidReference naming the text and what is wrong with it.
  static Reference parse(std::string_view text);

  /// host/repository[:tag][@digest].
  [[nodiscard]] std::string to_string() const;
  /// host/repository.
  [[nodiscard]] std::string name() const;
  /// What a registry is asked for: the digest if there is one, else the tag.
  [[nodiscard]] std::string target() const;

  friend bool operator==(const Reference&, const Reference&) = default;
};

inline constexpr std::size_t kMaxTagLength = 128;
/// True when `tag` matches [A-Za-z0-9_][A-Za-z0-9._-]{0,127}.
bool is_tag(std::string_view tag) noexcept;

}  // namespace accel::oci
