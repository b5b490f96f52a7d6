#include "accel/hash/hasher.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>
#include <utility>

#include "accel/base/error.hpp"

namespace accel::hash {

namespace {

const EVP_MD* fetch(const char* name) {
  EVP_MD* const method = EVP_MD_fetch(nullptr, name, nullptr);
  if (method == nullptr) {
    throw UnsupportedError(std::string("OpenSSL offers no ") + name,
                           "check the providers in its configuration (openssl list -providers)");
  }
  return method;
}

/// Fetched once per process and kept: fetching for every 4 KiB chunk costs 16 % of the hashing.
/// Never freed, so that a thread that still hashes while the process exits finds it alive.
const EVP_MD* method_of(Algorithm algorithm) {
  static const EVP_MD* const sha256_method = fetch("SHA256");
  if (algorithm == Algorithm::sha256) return sha256_method;
  static const EVP_MD* const sha512_method = fetch("SHA512");
  return sha512_method;
}

}  // namespace

struct Hasher::Context {
  Context() : handle(EVP_MD_CTX_new()) {
    if (handle == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(handle); }

  /// With the method it had before, a context keeps its memory.
  void start(const EVP_MD* method) {
    if (EVP_DigestInit_ex2(handle, method, nullptr) != 1) throw Error("hash: OpenSSL could not start a digest");
  }

  EVP_MD_CTX* handle;
};

Hasher::Hasher(Algorithm algorithm) : context_(std::make_unique<Context>()), algorithm_(algorithm) {
  context_->start(method_of(algorithm_));
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(ByteView bytes) {
  if (bytes.empty()) return;
  if (EVP_DigestUpdate(context_->handle, bytes.data(), bytes.size()) != 1) {
    throw Error("hash: OpenSSL could not take more bytes");
  }
  length_ += bytes.size();
}

Hasher Hasher::copy() const {
  Hasher other(algorithm_);
  if (EVP_MD_CTX_copy_ex(other.context_->handle, context_->handle) != 1) {
    throw Error("hash: OpenSSL could not copy a digest's state");
  }
  other.length_ = length_;
  return other;
}

Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_->handle, raw.data(), &size) != 1) {
    throw Error("hash: OpenSSL could not finish a digest");
  }
  context_->start(method_of(algorithm_));
  length_ = 0;
  return Digest(algorithm_, ByteView(reinterpret_cast<const std::byte*>(raw.data()), size));
}

Digest sha256(ByteView bytes) {
  // One context per thread: making one costs as much as hashing a kilobyte.
  thread_local Hasher hasher(Algorithm::sha256);
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace accel::hash
