#include "accel/crypt/jwe.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/crypt/base64url.hpp"
#include "accel/crypt/jwe_keys.hpp"
#include "accel/crypt/random.hpp"

namespace accel::crypt {

namespace {

constexpr json::Limits kLimits{.max_bytes = 1U << 20U, .max_depth = 8, .max_values = 10'000};
constexpr std::size_t kMaxRecipients = 1000;
constexpr std::size_t kIv = 12, kTag = 16;

const EVP_CIPHER* content_cipher(std::string_view encryption) {
  if (encryption == "A256GCM") return EVP_aes_256_gcm();
  if (encryption == "A192GCM") return EVP_aes_192_gcm();
  if (encryption == "A128GCM") return EVP_aes_128_gcm();
  throw UnsupportedError(
      "JSON Web Encryption: content cipher \"" + std::string(encryption.substr(0, 40)) + "\" is not known",
      "known: A128GCM, A192GCM, A256GCM");
}

struct Sealed {
  Bytes ciphertext, tag;
};

Sealed seal(ByteView key, ByteView iv, std::string_view aad, ByteView plaintext) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  Sealed sealed{Bytes(plaintext.size()), Bytes(kTag)};
  int written = 0;
  if (!context || EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), octets(key), octets(iv), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &written, octets(as_bytes(aad)), static_cast<int>(aad.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), out_octets(sealed.ciphertext), &written, octets(plaintext),
                        static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), nullptr, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTag), sealed.tag.data()) != 1) {
    throw_openssl_error("encrypt with AES-256-GCM");
  }
  return sealed;
}

/// What stands in one document, decoded; sizes are limited by the document's.
struct Parts {
  std::string protected_text;  ///< base64url, as it is authenticated
  std::string aad;             ///< with the document's own "aad"
  Bytes iv, ciphertext, tag;
};

std::optional<Bytes> open(const EVP_CIPHER* cipher, ByteView key, const Parts& parts) {
  if (key.size() != static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher))) return std::nullopt;
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  Bytes plaintext(parts.ciphertext.size());
  Bytes tag = parts.tag;
  int written = 0;
  const bool good = EVP_DecryptInit_ex2(context.get(), cipher, octets(key), octets(parts.iv), nullptr) == 1 &&
                    EVP_DecryptUpdate(context.get(), nullptr, &written, octets(as_bytes(parts.aad)),
                                      static_cast<int>(parts.aad.size())) == 1 &&
                    EVP_DecryptUpdate(context.get(), out_octets(plaintext), &written, octets(parts.ciphertext),
                                      static_cast<int>(parts.ciphertext.size())) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTag), tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), nullptr, &written) == 1;
  if (good) return plaintext;
  last_openssl_error();
  return std::nullopt;
}

/// The headers that count for one recipient. A name stands in one of them only (RFC 7516 section 7.2.1).
class Header {
 public:
  void add(std::optional<json::Object> object) {
    if (object) objects_.push_back(*std::move(object));
  }
  [[nodiscard]] std::optional<json::Value> find(std::string_view name) const {
    for (const auto& object : objects_) {
      if (auto value = object.find(name)) return value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto value = find(name);
    return value ? value->text() : std::string();
  }
  [[nodiscard]] Bytes bytes(std::string_view name) const {
    const auto value = find(name);
    return value ? base64url_of(*value) : Bytes();
  }

 private:
  std::vector<json::Object> objects_;
};

std::optional<json::Object> object_of(const std::optional<json::Value>& value) {
  return value ? std::optional(value->object()) : std::nullopt;
}

std::string header_json(const JweRecipient& recipient, const WrappedKey& wrapped, bool with_encryption) {
  json::ObjectWriter writer;
  writer.add_text("alg", recipient.algorithm);
  if (with_encryption) writer.add_text("enc", "A256GCM");
  if (!wrapped.ephemeral.empty()) writer.add("epk", wrapped.ephemeral);
  return writer.finish();
}

}  // namespace

std::string jwe_encrypt(ByteView plaintext, const std::vector<JweRecipient>& recipients) {
  std::array<std::byte, 32> key{};
  std::array<std::byte, kIv> iv{};
  random_bytes(key);
  random_bytes(iv);
  std::string header = R"({"enc":"A256GCM"})";
  std::vector<std::string> wrapped;
  std::string only;
  for (const JweRecipient& recipient : recipients) {
    const WrappedKey one = wrap_content_key(recipient.algorithm, recipient.key.get(), key);
    const std::string encrypted_key = base64url_encode(one.encrypted_key);
    if (recipients.size() == 1) {
      header = header_json(recipient, one, true);
      only = encrypted_key;
    }
    json::ObjectWriter writer;
    writer.add("header", header_json(recipient, one, false));
    writer.add_text("encrypted_key", encrypted_key);
    wrapped.push_back(writer.finish());
  }
  const std::string protected_text = base64url_encode(as_bytes(header));
  const Sealed sealed = seal(key, iv, protected_text, plaintext);
  json::ObjectWriter writer;
  writer.add_text("protected", protected_text);
  if (recipients.size() == 1) {
    writer.add_text("encrypted_key", only);
  } else {
    writer.add("recipients", json::array(wrapped));
  }
  writer.add_text("iv", base64url_encode(iv));
  writer.add_text("ciphertext", base64url_encode(sealed.ciphertext));
  writer.add_text("tag", base64url_encode(sealed.tag));
  return writer.finish();
}

std::optional<Bytes> jwe_decrypt(std::string_view text, EVP_PKEY* key) {
  const json::Object document = json::parse(text, "JSON Web Encryption", kLimits).object();
  Parts parts;
  std::string protected_json;
  if (const auto value = document.find("protected")) {
    parts.protected_text = value->text();
    protected_json = to_string(base64url_of(*value));
  }
  parts.aad = parts.protected_text;
  if (const auto value = document.find("aad")) parts.aad += "." + value->text();
  const json::Value iv = document.at("iv");
  parts.iv = base64url_of(iv);
  if (parts.iv.size() != kIv) iv.fail("has not the 12 bytes of GCM");
  const json::Value tag = document.at("tag");
  parts.tag = base64url_of(tag);
  if (parts.tag.size() != kTag) tag.fail("has not the 16 bytes of GCM");
  parts.ciphertext = base64url_of(document.at("ciphertext"));

  Header shared;
  if (!protected_json.empty()) shared.add(json::parse(protected_json, "JSON Web Encryption: header", kLimits).object());
  shared.add(object_of(document.find("unprotected")));
  for (const char* name : {"crit", "zip"}) {
    if (shared.find(name)) throw UnsupportedError("JSON Web Encryption with the header \"" + std::string(name) + "\"");
  }

  std::vector<json::Object> recipients;
  if (const auto list = document.find("recipients")) {
    for (const json::Value& one : list->elements(kMaxRecipients)) recipients.push_back(one.object());
  } else {
    recipients.push_back(document);  // the flattened form
  }
  for (const json::Object& recipient : recipients) {
    Header header = shared;
    header.add(object_of(recipient.find("header")));
    const auto encrypted_key = recipient.find("encrypted_key");
    if (!encrypted_key) continue;
    const KeyHeader key_header{header.text("alg"), header.find("epk"), header.bytes("apu"), header.bytes("apv")};
    const auto content_key = unwrap_content_key(key_header, key, base64url_of(*encrypted_key));
    if (!content_key) continue;
    if (auto plaintext = open(content_cipher(header.text("enc")), *content_key, parts)) return plaintext;
  }
  return std::nullopt;
}

}  // namespace accel::crypt
