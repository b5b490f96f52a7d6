#include "accel/crypt/aes_xts.hpp"

#include <openssl/evp.h>

#include <memory>
#include <new>
#include <string>

#include "accel/base/error.hpp"

namespace accel::crypt {

namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* handle) const noexcept { EVP_CIPHER_CTX_free(handle); }
};

const unsigned char* octets(const std::byte* bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes); }

void run(bool encrypt, const XtsKey& key, const XtsTweak& tweak, ByteView in, MutableByteView out) {
  if (in.size() < kXtsBlock || in.size() > kXtsMaxUnit) {
    throw UnsupportedError("AES-XTS takes 16 bytes to 16 MiB in one piece, got " + std::to_string(in.size()));
  }
  if (out.size() != in.size()) throw Error("AES-XTS: input and output differ in size");
  // One context per thread: chunks are small, and making a context costs as much as encrypting kilobytes.
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  int written = 0;
  const bool good = EVP_CipherInit_ex2(context.get(), EVP_aes_128_xts(), octets(key.data()), octets(tweak.data()),
                                       encrypt ? 1 : 0, nullptr) == 1 &&
                    EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &written,
                                     octets(in.data()), static_cast<int>(in.size())) == 1;
  if (!good || static_cast<std::size_t>(written) != in.size()) {
    throw Error("AES-XTS: OpenSSL refused key or data", "the two halves of a key must differ");
  }
}

}  // namespace

void aes128_xts_encrypt(const XtsKey& key, const XtsTweak& tweak, ByteView in, MutableByteView out) {
  run(true, key, tweak, in, out);
}

void aes128_xts_decrypt(const XtsKey& key, const XtsTweak& tweak, ByteView in, MutableByteView out) {
  run(false, key, tweak, in, out);
}

}  // namespace accel::crypt
