/// Base64 for URLs without padding (RFC 4648 section 5), as the JOSE documents use it.
#pragma once

#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/base/json.hpp"

namespace accel::crypt {

std::string base64url_encode(ByteView bytes);
/// Returns false on characters of other alphabets and on padding.
bool base64url_decode(std::string_view text, Bytes& out);
/// The bytes that a JSON string holds. Throws FormatError naming it.
Bytes base64url_of(const json::Value& value);

}  // namespace accel::crypt
