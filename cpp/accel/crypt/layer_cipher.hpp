/// The cipher of encrypted layers: AES-256 in counter mode, and an HMAC-SHA256 over the ciphertext with the same key
/// ("AES_256_CTR_HMAC_SHA256").
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/hash/hmac.hpp"

namespace accel::crypt {

using LayerSecret = std::array<std::byte, 32>;
using LayerNonce = std::array<std::byte, 16>;

/// One pass over one layer, front to back. Not thread-safe; move-only.
class LayerCipher {
 public:
  LayerCipher(const LayerSecret& secret, const LayerNonce& nonce);
  LayerCipher(LayerCipher&&) noexcept;
  ~LayerCipher();

  /// `out` has the size of `in` and may be the same memory.
  void encrypt(ByteView in, MutableByteView out);
  void decrypt(ByteView in, MutableByteView out);
  /// The HMAC of all ciphertext so far; called once, last.
  Bytes finish() { return hmac_.finish(); }

 private:
  void apply(ByteView in, MutableByteView out);
  struct Context;
  std::unique_ptr<Context> context_;
  hash::Hmac hmac_;
};

}  // namespace accel::crypt
