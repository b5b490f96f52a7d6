/// What ocicrypt notes about an encrypted layer, as JSON: the public part stands in an annotation, the private one is
/// what gets wrapped for the recipients.
#pragma once

#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/crypt/layer_cipher.hpp"

namespace accel::crypt {

inline constexpr std::string_view kLayerCipher = "AES_256_CTR_HMAC_SHA256";

struct PublicOptions {
  std::string cipher;
  Bytes hmac;
};

struct PrivateOptions {
  LayerSecret secret{};
  std::string digest;  ///< of the plaintext, as the encrypting tool noted it; skopeo notes that of an earlier stage
  LayerNonce nonce{};
};

std::string to_json(const PublicOptions& options);
std::string to_json(const PrivateOptions& options);

/// The public options as they were read; the nonce may stand in these or in the private ones.
struct ParsedPublic {
  PublicOptions options;
  Bytes nonce;  ///< empty: it stands in the private options
};

/// Parse them. Throw FormatError for what is malformed, UnsupportedError for another cipher.
ParsedPublic parse_public_options(std::string_view json);
PrivateOptions parse_private_options(std::string_view json, ByteView nonce_of_public);

}  // namespace accel::crypt
