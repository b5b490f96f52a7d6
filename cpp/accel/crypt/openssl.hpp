/// Ownership of OpenSSL's objects, for the .cpp files of this module.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "accel/base/bytes.hpp"

namespace accel::crypt {

/// Calls the library's own function when the pointer goes.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, FreeWith<PKCS7_free>>;
using CertificatePtr = std::unique_ptr<X509, FreeWith<X509_free>>;

inline const unsigned char* octets(ByteView bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* out_octets(MutableByteView bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
inline ByteView bytes_of(const unsigned char* data, std::size_t size) noexcept {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// What OpenSSL says about the last failure; empties its queue.
std::string last_openssl_error();
/// Throws Error: `attempt` and what OpenSSL says.
[[noreturn]] void throw_openssl_error(const std::string& attempt);

}  // namespace accel::crypt
