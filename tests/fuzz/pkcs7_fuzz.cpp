// Enveloped data of PKCS #7: any bytes give a plaintext, nothing, or a documented error.
#include <cstdint>

#include "accel/base/error.hpp"
#include "accel/crypt/pkcs7.hpp"
#include "crypt_keys.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace accel;
  static const crypt::KeyPtr keys[] = {fuzz::read_key(fuzz::kRsaKey), fuzz::read_key(fuzz::kEcKey)};
  for (const crypt::KeyPtr& key : keys) {
    try {
      static_cast<void>(crypt::pkcs7_decrypt({reinterpret_cast<const std::byte*>(data), size}, key.get()));
    } catch (const FormatError&) {
    } catch (const UnsupportedError&) {
    }
    fuzz::require_no_openssl_error();
  }
  return 0;
}
