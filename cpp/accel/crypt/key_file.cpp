#include "accel/crypt/key_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/crypt/gpg.hpp"
#include "accel/crypt/jwe_keys.hpp"
#include "accel/crypt/jwk.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"

namespace accel::crypt {

namespace {

constexpr std::size_t kMaxFile = 1U << 20U;
constexpr std::size_t kMaxPassword = 4096;

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

/// The line break that editors and `echo` put behind a password is not part of it.
std::string without_line_break(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::string read_descriptor(std::string_view number, const std::string& file) {
  int fd = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
  if (error != std::errc() || end != number.data() + number.size() || fd < 0) {
    throw ConfigError("key " + file + ": \"fd=\" wants the number of an open descriptor");
  }
  io::FileStream stream(io::UniqueFd(::dup(fd)), "descriptor " + std::to_string(fd));
  return to_string(io::read_all(stream, kMaxPassword));
}

struct Password {
  const KeyFileName& name;
  bool asked = false;
};

int give_password(char* buffer, int size, int, void* data) {
  auto& password = *static_cast<Password*>(data);
  password.asked = true;
  const std::string& text = password.name.password;
  if (!password.name.has_password || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

BioPtr memory_of(ByteView bytes) {
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

std::optional<Jwk> try_jwk(ByteView bytes, const std::string& file) {
  const std::string_view text = as_text(bytes);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return std::nullopt;
  try {
    return parse_jwk(json::parse(text, "key " + file).object());
  } catch (const FormatError& error) {
    throw ConfigError(error.message());
  }
}

std::shared_ptr<EVP_PKEY> try_private_key(ByteView bytes, const KeyFileName& name) {
  const auto* at = octets(bytes);
  if (EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(bytes.size()))) return share(key);
  ERR_clear_error();
  if (auto jwk = try_jwk(bytes, name.file)) {
    if (!jwk->is_private) throw ConfigError("key " + name.file + " is a public key", "a private one is needed here");
    return share(jwk->key.release());
  }
  Password password{name};
  if (EVP_PKEY* key = PEM_read_bio_PrivateKey(memory_of(bytes).get(), nullptr, give_password, &password)) {
    return share(key);
  }
  ERR_clear_error();
  if (password.asked) {
    throw ConfigError("key " + name.file + (name.has_password ? ": the password is wrong" : " needs a password"),
                      "give it as FILE:pass=…, FILE:file=… or FILE:fd=…");
  }
  return nullptr;
}

std::shared_ptr<X509> try_certificate(ByteView bytes) {
  const auto* at = octets(bytes);
  X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(bytes.size()));
  if (certificate == nullptr) certificate = PEM_read_bio_X509(memory_of(bytes).get(), nullptr, nullptr, nullptr);
  ERR_clear_error();
  return {certificate, X509_free};
}

}  // namespace

KeyFileName parse_key_file_name(std::string_view text) {
  KeyFileName name;
  const std::size_t colon = std::min(text.find(':'), text.size());
  name.file = text.substr(0, colon);
  if (name.file.empty()) throw ConfigError("a key without a file's name", "write FILE or FILE:pass=…");
  if (colon == text.size()) return name;
  const std::string_view rest = text.substr(colon + 1);
  name.has_password = true;
  if (rest.starts_with("pass=")) {
    name.password = rest.substr(5);
  } else if (rest.starts_with("file=")) {
    io::FileStream stream{std::filesystem::path(rest.substr(5))};
    name.password = without_line_break(to_string(io::read_all(stream, kMaxPassword)));
  } else if (rest.starts_with("fd=")) {
    name.password = without_line_break(read_descriptor(rest.substr(3), name.file));
  } else {
    name.password = rest;
  }
  return name;
}

Bytes read_key_file(const std::string& file) {
  io::FileStream stream{std::filesystem::path(file)};
  try {
    return io::read_all(stream, kMaxFile);
  } catch (const FormatError&) {
    throw ConfigError("key " + file + " is larger than 1 MiB");
  }
}

PrivateKeyFile load_private_key(const KeyFileName& name) {
  const Bytes bytes = read_key_file(name.file);
  PrivateKeyFile loaded;
  if (is_gpg_secret_keys(bytes)) {
    loaded.pgp_keys = bytes;
    return loaded;
  }
  loaded.key = try_private_key(bytes, name);
  loaded.certificate = try_certificate(bytes);
  if (!loaded.key && !loaded.certificate) {
    throw ConfigError("key " + name.file + " holds no private key, certificate or OpenPGP secret keys",
                      "PEM, DER, JWK and gpg's exports are read");
  }
  return loaded;
}

PublicKeyFile load_public_key(const std::string& file) {
  const Bytes bytes = read_key_file(file);
  PublicKeyFile loaded;
  const auto* at = octets(bytes);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(bytes.size()));
  if (key == nullptr) {
    if (auto jwk = try_jwk(bytes, file)) {
      if (jwk->is_private) throw ConfigError("recipient jwe:" + file + " is a private key", "name its public key");
      key = jwk->key.release();
      loaded.algorithm = jwk->algorithm;
    }
  }
  if (key == nullptr) key = PEM_read_bio_PUBKEY(memory_of(bytes).get(), nullptr, nullptr, nullptr);
  ERR_clear_error();
  if (key == nullptr) {
    throw ConfigError("recipient jwe:" + file + " is no public key", "PEM (\"PUBLIC KEY\"), DER and JWK are read");
  }
  loaded.key = share(key);
  if (loaded.algorithm.empty()) loaded.algorithm = default_key_algorithm(key);
  if (!is_key_algorithm(loaded.algorithm)) {
    throw UnsupportedError(
        "recipient jwe:" + file + ": algorithm \"" + loaded.algorithm.substr(0, 40) + "\" is not known",
        "known: RSA-OAEP, RSA-OAEP-256, ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW");
  }
  return loaded;
}

std::shared_ptr<X509> load_certificate(const std::string& file) {
  auto certificate = try_certificate(read_key_file(file));
  if (!certificate) throw ConfigError("recipient pkcs7:" + file + " is no certificate", "PEM and DER are read");
  return certificate;
}

}  // namespace accel::crypt
