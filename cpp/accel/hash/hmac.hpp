/// Keyed digests (RFC 2104) over OpenSSL: they sign requests and tell whether a ciphertext was changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "accel/base/bytes.hpp"

namespace accel::hash {

/// SHA-1 only because protocols of others sign with it (OSS signature version 1).
enum class HmacAlgorithm : std::uint8_t { sha1, sha256 };

/// Computes one HMAC over a stream. Not thread-safe; move-only.
class Hmac {
 public:
  Hmac(HmacAlgorithm algorithm, ByteView key);
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  ~Hmac();

  void update(ByteView bytes);
  /// The code of all bytes so far: 20 (SHA-1) or 32 bytes. Called once, last.
  Bytes finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// HMAC of one piece of memory.
Bytes hmac(HmacAlgorithm algorithm, ByteView key, ByteView bytes);

/// True when both hold the same bytes; takes the same time wherever they differ.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace accel::hash
