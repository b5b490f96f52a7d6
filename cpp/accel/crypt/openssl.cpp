#include "accel/crypt/openssl.hpp"

#include <openssl/err.h>

#include "accel/base/error.hpp"

namespace accel::crypt {

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

void throw_openssl_error(const std::string& attempt) { throw Error(attempt + ": " + last_openssl_error()); }

}  // namespace accel::crypt
