#include "accel/hash/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <new>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::hash {

struct Hmac::Context {
  Context() {
    EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    if (method == nullptr) {
      throw UnsupportedError("OpenSSL offers no HMAC",
                             "check the providers in its configuration (openssl list -providers)");
    }
    handle = EVP_MAC_CTX_new(method);
    EVP_MAC_free(method);
    if (handle == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MAC_CTX_free(handle); }

  EVP_MAC_CTX* handle;
};

Hmac::Hmac(HmacAlgorithm algorithm, ByteView key) : context_(std::make_unique<Context>()) {
  std::string digest = algorithm == HmacAlgorithm::sha1 ? "SHA1" : "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  // A null key would mean "the one before"; an empty key is a key.
  static constexpr unsigned char kNoKey = 0;
  const auto* bytes = key.empty() ? &kNoKey : reinterpret_cast<const unsigned char*>(key.data());
  if (EVP_MAC_init(context_->handle, bytes, key.size(), parameters.data()) != 1) {
    throw Error("hash: OpenSSL could not start an HMAC");
  }
}

Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;
Hmac::~Hmac() = default;

void Hmac::update(ByteView bytes) {
  if (bytes.empty()) return;
  if (EVP_MAC_update(context_->handle, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) != 1) {
    throw Error("hash: OpenSSL could not take more bytes");
  }
}

Bytes Hmac::finish() {
  Bytes code(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_MAC_final(context_->handle, reinterpret_cast<unsigned char*>(code.data()), &size, code.size()) != 1) {
    throw Error("hash: OpenSSL could not finish an HMAC");
  }
  code.resize(size);
  return code;
}

Bytes hmac(HmacAlgorithm algorithm, ByteView key, ByteView bytes) {
  Hmac code(algorithm, key);
  code.update(bytes);
  return code.finish();
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace accel::hash
