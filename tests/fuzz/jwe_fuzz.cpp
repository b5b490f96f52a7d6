// JSON Web Encryption, and the keys in it: any text gives a plaintext, nothing, or a documented error.
#include <cstdint>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/crypt/jwe.hpp"
#include "accel/crypt/jwk.hpp"
#include "crypt_keys.hpp"

namespace {

using namespace accel;

template <class Use>
void expect_documented(const Use& use) {
  try {
    use();
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  }
  fuzz::require_no_openssl_error();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypt::KeyPtr keys[] = {fuzz::read_key(fuzz::kRsaKey), fuzz::read_key(fuzz::kEcKey)};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const crypt::KeyPtr& key : keys) {
    expect_documented([&] { static_cast<void>(crypt::jwe_decrypt(text, key.get())); });
  }
  expect_documented([&] { static_cast<void>(crypt::parse_jwk(json::parse(text, "key").object())); });
  return 0;
}
