/// A content digest as OCI writes it: `sha256:` + 64 or `sha512:` + 128 lower-case hex digits.
/// Lives in hash, below oci, because streams that verify must be able to name what they expect.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"

namespace accel::hash {

enum class Algorithm : std::uint8_t { sha256, sha512 };

/// Value type. A default-made Digest is empty and equal only to another empty one.
class Digest {
 public:
  Digest() = default;
  /// `raw` must have 32 bytes for sha256, 64 for sha512.
  Digest(Algorithm algorithm, ByteView raw);
  /// Throws FormatError on anything but `sha256:`/`sha512:` and the right number of lower-case hex digits.
  static Digest parse(std::string_view text);
  /// Like parse, without throwing: an empty Digest when the text is none.
  static Digest try_parse(std::string_view text) noexcept;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] ByteView raw() const noexcept { return {raw_.data(), size_}; }
  /// Hex digits without the algorithm; "" when empty.
  [[nodiscard]] std::string hex() const;
  /// `algorithm:hex`; "" when empty.
  [[nodiscard]] std::string to_string() const;
  /// `sha256:` and the first 12 hex digits, for messages and progress bars.
  [[nodiscard]] std::string short_string() const;

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  std::array<std::byte, 64> raw_{};
  std::uint8_t size_ = 0;
  Algorithm algorithm_ = Algorithm::sha256;
};

}  // namespace accel::hash

template <>
struct std::hash<accel::hash::Digest> {
  std::size_t operator()(const accel::hash::Digest& digest) const noexcept;
};
