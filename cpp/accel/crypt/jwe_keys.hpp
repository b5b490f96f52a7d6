/// How JSON Web Encryption hands its content key to a recipient (RFC 7518 section 4): RSA-OAEP, RSA-OAEP-256, and
/// ECDH-ES with AES key wrap of 128, 192 and 256 bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accel/base/json.hpp"
#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

/// The algorithm that ocicrypt takes for a key that names none: RSA-OAEP or ECDH-ES+A256KW. Throws UnsupportedError for
/// other types of keys.
std::string default_key_algorithm(EVP_PKEY* key);
/// True for the algorithms above.
bool is_key_algorithm(std::string_view algorithm) noexcept;

struct WrappedKey {
  Bytes encrypted_key;
  std::string ephemeral;  ///< JSON of the header's "epk"; "" = none
};

/// Wraps the content key for the public key. Throws ConfigError when key and algorithm do not go together.
WrappedKey wrap_content_key(std::string_view algorithm, EVP_PKEY* key, ByteView content_key);

/// Unwraps it with a private key; nothing when this key cannot. `ephemeral`, `apu` and `apv` are of the header. Throws
/// FormatError for malformed members.
struct KeyHeader {
  std::string algorithm;
  std::optional<json::Value> ephemeral;
  Bytes party_u, party_v;
};
std::optional<Bytes> unwrap_content_key(const KeyHeader& header, EVP_PKEY* key, ByteView encrypted_key);

/// The derived key of `bytes` bytes (RFC 7518 section 4.6.2).
Bytes concat_kdf(ByteView shared_secret, std::string_view algorithm, ByteView party_u, ByteView party_v,
                 std::size_t bytes);

}  // namespace accel::crypt
