#include "accel/crypt/layer_cipher.hpp"

#include <algorithm>
#include <new>

#include "accel/base/error.hpp"
#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

struct LayerCipher::Context {
  CipherContext handle{EVP_CIPHER_CTX_new()};
};

LayerCipher::LayerCipher(const LayerSecret& secret, const LayerNonce& nonce)
    : context_(std::make_unique<Context>()), hmac_(hash::HmacAlgorithm::sha256, secret) {
  if (!context_->handle) throw std::bad_alloc();
  // Counter mode is its own inverse: both directions encrypt the counter.
  if (EVP_EncryptInit_ex2(context_->handle.get(), EVP_aes_256_ctr(), octets(secret), octets(nonce), nullptr) != 1) {
    throw_openssl_error("start AES-256-CTR");
  }
}

LayerCipher::LayerCipher(LayerCipher&&) noexcept = default;
LayerCipher::~LayerCipher() = default;

void LayerCipher::apply(ByteView in, MutableByteView out) {
  constexpr std::size_t kPiece = 1U << 30U;  // OpenSSL counts in int
  while (!in.empty()) {
    const std::size_t count = std::min(in.size(), kPiece);
    int written = 0;
    if (EVP_EncryptUpdate(context_->handle.get(), out_octets(out), &written, octets(in), static_cast<int>(count)) !=
            1 ||
        static_cast<std::size_t>(written) != count) {
      throw_openssl_error("run AES-256-CTR");
    }
    in = in.subspan(count);
    out = out.subspan(count);
  }
}

void LayerCipher::encrypt(ByteView in, MutableByteView out) {
  apply(in, out);
  hmac_.update(out.first(in.size()));
}

void LayerCipher::decrypt(ByteView in, MutableByteView out) {
  hmac_.update(in);
  apply(in, out);
}

}  // namespace accel::crypt
