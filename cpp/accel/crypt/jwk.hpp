/// Keys as JSON (RFC 7517, RFC 7518 section 6): RSA and elliptic curves P-256, P-384, P-521.
#pragma once

#include <string>
#include <string_view>

#include "accel/base/json.hpp"
#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

struct Jwk {
  KeyPtr key;
  bool is_private = false;
  std::string algorithm;  ///< "alg", "" when it says nothing
};

/// Reads one key. Throws FormatError for what is no key, UnsupportedError for other types and curves.
Jwk parse_jwk(const json::Object& object);

/// The public key on a curve as JSON: {"kty":"EC","crv":…,"x":…,"y":…}.
std::string ec_public_jwk(EVP_PKEY* key);

}  // namespace accel::crypt
