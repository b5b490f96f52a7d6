/// JSON Web Encryption (RFC 7516) in its JSON serialisation with A256GCM, as ocicrypt writes it with go-jose: one
/// recipient gives the flattened form with everything in the protected header, several the general form.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

struct JweRecipient {
  std::shared_ptr<EVP_PKEY> key;
  std::string algorithm;
};

/// Encrypts for all recipients; at least one.
std::string jwe_encrypt(ByteView plaintext, const std::vector<JweRecipient>& recipients);

/// The plaintext; nothing when `key` is of no recipient, or the content was changed. Reads A128GCM, A192GCM and
/// A256GCM. Throws FormatError for malformed text, UnsupportedError for other content ciphers and for "crit" and "zip".
std::optional<Bytes> jwe_decrypt(std::string_view json, EVP_PKEY* key);

}  // namespace accel::crypt
