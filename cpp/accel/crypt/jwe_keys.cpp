#include "accel/crypt/jwe_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "accel/base/error.hpp"
#include "accel/crypt/jwk.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::crypt {

namespace {

struct KeyAlgorithm {
  std::string_view name;
  int type;                 ///< of the key
  const char* oaep_digest;  ///< RSA
  std::size_t wrap_bytes;   ///< EC: of the key that wraps
};
constexpr std::array<KeyAlgorithm, 5> kAlgorithms = {{{"RSA-OAEP", EVP_PKEY_RSA, "SHA1", 0},
                                                      {"RSA-OAEP-256", EVP_PKEY_RSA, "SHA256", 0},
                                                      {"ECDH-ES+A128KW", EVP_PKEY_EC, nullptr, 16},
                                                      {"ECDH-ES+A192KW", EVP_PKEY_EC, nullptr, 24},
                                                      {"ECDH-ES+A256KW", EVP_PKEY_EC, nullptr, 32}}};

const KeyAlgorithm* find_algorithm(std::string_view name) noexcept {
  const auto found =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(), [&](const KeyAlgorithm& one) { return one.name == name; });
  return found == kAlgorithms.end() ? nullptr : &*found;
}

/// One RSA operation with OAEP padding; nothing when it fails.
std::optional<Bytes> rsa_oaep(const KeyAlgorithm& algorithm, EVP_PKEY* key, ByteView in, bool encrypt) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context) throw_openssl_error("use an RSA key");
  const int started = encrypt ? EVP_PKEY_encrypt_init(context.get()) : EVP_PKEY_decrypt_init(context.get());
  const EVP_MD* digest = EVP_get_digestbyname(algorithm.oaep_digest);
  if (started != 1 || EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest) != 1) {
    throw_openssl_error("use an RSA key");
  }
  const auto run = encrypt ? &EVP_PKEY_encrypt : &EVP_PKEY_decrypt;
  std::size_t size = 0;
  if (run(context.get(), nullptr, &size, octets(in), in.size()) != 1) return std::nullopt;
  Bytes out(size);
  if (run(context.get(), out_octets(out), &size, octets(in), in.size()) != 1) {
    last_openssl_error();
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

/// AES key wrap (RFC 3394); nothing when unwrapping finds another key's work.
std::optional<Bytes> aes_wrap(ByteView wrapping_key, ByteView in, bool encrypt) {
  const EVP_CIPHER* cipher = wrapping_key.size() == 16   ? EVP_aes_128_wrap()
                             : wrapping_key.size() == 24 ? EVP_aes_192_wrap()
                                                         : EVP_aes_256_wrap();
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  Bytes out(in.size() + 16);
  int written = 0;
  if (in.size() > 1024 ||
      EVP_CipherInit_ex(context.get(), cipher, nullptr, octets(wrapping_key), nullptr, encrypt ? 1 : 0) != 1 ||
      EVP_CipherUpdate(context.get(), out_octets(out), &written, octets(in), static_cast<int>(in.size())) != 1 ||
      written <= 0) {
    last_openssl_error();
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(written));
  return out;
}

/// The x coordinate of the common point; nothing when the keys are on different curves.
std::optional<Bytes> agree(EVP_PKEY* own, EVP_PKEY* peer) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  std::size_t size = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    last_openssl_error();
    return std::nullopt;
  }
  Bytes secret(size);
  if (EVP_PKEY_derive(context.get(), out_octets(secret), &size) != 1) {
    last_openssl_error();
    return std::nullopt;
  }
  secret.resize(size);
  return secret;
}

KeyPtr new_key_like(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  EVP_PKEY* fresh = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1) throw_openssl_error("make an ephemeral key");
  std::array<char, 64> group{};
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), nullptr) != 1) {
    throw_openssl_error("make an ephemeral key");
  }
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0), OSSL_PARAM_construct_end()};
  if (EVP_PKEY_CTX_set_params(context.get(), parameters.data()) != 1 || EVP_PKEY_generate(context.get(), &fresh) != 1) {
    throw_openssl_error("make an ephemeral key");
  }
  return KeyPtr(fresh);
}

void append_counted(Bytes& out, ByteView bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  for (unsigned shift = 24;; shift -= 8) {
    out.push_back(static_cast<std::byte>(size >> shift));
    if (shift == 0) break;
  }
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::string default_key_algorithm(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA-OAEP";
    case EVP_PKEY_EC:
      return "ECDH-ES+A256KW";
    default:
      throw UnsupportedError("a key of this type cannot encrypt", "use an RSA key or one on P-256, P-384 or P-521");
  }
}

bool is_key_algorithm(std::string_view algorithm) noexcept { return find_algorithm(algorithm) != nullptr; }

WrappedKey wrap_content_key(std::string_view name, EVP_PKEY* key, ByteView content_key) {
  const KeyAlgorithm* algorithm = find_algorithm(name);
  if (algorithm == nullptr || EVP_PKEY_get_base_id(key) != algorithm->type) {
    throw ConfigError("algorithm \"" + std::string(name) + "\" does not go with this type of key");
  }
  if (algorithm->type == EVP_PKEY_RSA) {
    auto wrapped = rsa_oaep(*algorithm, key, content_key, true);
    if (!wrapped) throw_openssl_error("wrap a key with RSA-OAEP");
    return {*std::move(wrapped), ""};
  }
  std::string ephemeral_json;
  const KeyPtr ephemeral = new_key_like(key);
  ephemeral_json = ec_public_jwk(ephemeral.get());
  const auto secret = agree(ephemeral.get(), key);
  if (!secret) throw ConfigError("the public key allows no key agreement");
  auto wrapped = aes_wrap(concat_kdf(*secret, name, {}, {}, algorithm->wrap_bytes), content_key, true);
  if (!wrapped) throw_openssl_error("wrap a key with AES");
  return {*std::move(wrapped), std::move(ephemeral_json)};
}

std::optional<Bytes> unwrap_content_key(const KeyHeader& header, EVP_PKEY* key, ByteView encrypted_key) {
  const KeyAlgorithm* algorithm = find_algorithm(header.algorithm);
  if (algorithm == nullptr || EVP_PKEY_get_base_id(key) != algorithm->type) return std::nullopt;
  if (algorithm->type == EVP_PKEY_RSA) return rsa_oaep(*algorithm, key, encrypted_key, false);
  if (!header.ephemeral) throw FormatError("JSON Web Encryption: " + header.algorithm + " without \"epk\"");
  const Jwk ephemeral = parse_jwk(header.ephemeral->object());
  if (EVP_PKEY_get_base_id(ephemeral.key.get()) != EVP_PKEY_EC) header.ephemeral->fail("is no key on a curve");
  const auto secret = agree(key, ephemeral.key.get());
  if (!secret) return std::nullopt;
  return aes_wrap(concat_kdf(*secret, header.algorithm, header.party_u, header.party_v, algorithm->wrap_bytes),
                  encrypted_key, false);
}

Bytes concat_kdf(ByteView shared_secret, std::string_view algorithm, ByteView party_u, ByteView party_v,
                 std::size_t bytes) {
  Bytes other;
  append_counted(other, as_bytes(algorithm));
  append_counted(other, party_u);
  append_counted(other, party_v);
  const auto bits = static_cast<std::uint32_t>(bytes * 8);
  for (const unsigned shift : {24U, 16U, 8U, 0U}) other.push_back(static_cast<std::byte>(bits >> shift));
  Bytes derived;
  for (unsigned round = 1; derived.size() < bytes; ++round) {
    const std::array<std::byte, 4> counter = {std::byte{0}, std::byte{0}, std::byte{0}, static_cast<std::byte>(round)};
    hash::Hasher hasher;
    hasher.update(counter);
    hasher.update(shared_secret);
    hasher.update(other);
    const hash::Digest digest = hasher.finish();
    derived.insert(derived.end(), digest.raw().begin(), digest.raw().end());
  }
  derived.resize(bytes);
  return derived;
}

}  // namespace accel::crypt
