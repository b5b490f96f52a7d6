#include "accel/hash/digest.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::hash {

namespace {

struct AlgorithmName {
  std::string_view prefix;
  Algorithm algorithm;
  std::size_t raw_size;
};

constexpr std::array<AlgorithmName, 2> kAlgorithms{{
    {"sha256:", Algorithm::sha256, 32},
    {"sha512:", Algorithm::sha512, 64},
}};

const AlgorithmName& name_of(Algorithm algorithm) noexcept {
  return kAlgorithms[algorithm == Algorithm::sha256 ? 0 : 1];
}

/// Digests reach error messages from hostile documents: quote only the beginning.
std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 160;
  return text.size() <= kLongest ? std::string(text) : std::string(text.substr(0, kLongest)) + "...";
}

}  // namespace

Digest::Digest(Algorithm algorithm, ByteView raw) : algorithm_(algorithm) {
  const std::size_t want = name_of(algorithm).raw_size;
  if (raw.size() != want) {
    throw FormatError("make a digest: got " + std::to_string(raw.size()) + " raw bytes, want " + std::to_string(want));
  }
  std::copy(raw.begin(), raw.end(), raw_.begin());
  size_ = static_cast<std::uint8_t>(want);
}

Digest Digest::try_parse(std::string_view text) noexcept {
  for (const AlgorithmName& name : kAlgorithms) {
    if (!text.starts_with(name.prefix)) continue;
    Digest digest;
    if (!hex_decode(text.substr(name.prefix.size()), MutableByteView(digest.raw_).first(name.raw_size))) return {};
    digest.size_ = static_cast<std::uint8_t>(name.raw_size);
    digest.algorithm_ = name.algorithm;
    return digest;
  }
  return {};
}

Digest Digest::parse(std::string_view text) {
  const Digest digest = try_parse(text);
  if (digest.empty()) {
    throw FormatError("parse digest: got \"" + excerpt(text) +
                      "\", want sha256: or sha512: and 64 or 128 lower-case hex digits");
  }
  return digest;
}

std::string Digest::hex() const { return hex_encode(raw()); }

std::string Digest::to_string() const {
  if (empty()) return {};
  return std::string(name_of(algorithm_).prefix) + hex();
}

std::string Digest::short_string() const {
  if (empty()) return {};
  return std::string(name_of(algorithm_).prefix) + hex_encode(raw().first(6));
}

}  // namespace accel::hash

std::size_t std::hash<accel::hash::Digest>::operator()(const accel::hash::Digest& digest) const noexcept {
  // The bytes are already as good as random; an empty digest has zeros here.
  std::size_t value = 0;
  if (!digest.empty()) std::memcpy(&value, digest.raw().data(), sizeof value);
  return value;
}
