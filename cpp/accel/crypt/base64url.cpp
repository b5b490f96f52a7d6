#include "accel/crypt/base64url.hpp"

#include <algorithm>

namespace accel::crypt {

std::string base64url_encode(ByteView bytes) {
  std::string text = base64_encode(bytes);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

bool base64url_decode(std::string_view text, Bytes& out) {
  if (text.find_first_of("+/=") != std::string_view::npos) return false;
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  return base64_decode(standard, out);
}

Bytes base64url_of(const json::Value& value) {
  Bytes bytes;
  if (!base64url_decode(value.text(), bytes)) value.fail("is no base64url");
  return bytes;
}

}  // namespace accel::crypt
