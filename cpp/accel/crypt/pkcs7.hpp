/// PKCS #7 enveloped data (RFC 2315 section 10) as ocicrypt uses it: the content key under RSA for each certificate,
/// the content under AES-GCM, with the tag at the end of the ciphertext.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

/// Encrypts for all certificates, at least one, with AES-128-GCM: what ocicrypt writes. DER. Throws ConfigError for
/// certificates without an RSA key.
Bytes pkcs7_encrypt(ByteView plaintext, const std::vector<std::shared_ptr<X509>>& certificates);

/// The plaintext; nothing when `key` is of no recipient or the content was changed. Needs no certificate:
/// every recipient is tried. Reads AES-GCM and AES-CBC. Throws FormatError for malformed
/// bytes, UnsupportedError for other ciphers.
std::optional<Bytes> pkcs7_decrypt(ByteView packet, EVP_PKEY* key);

}  // namespace accel::crypt
