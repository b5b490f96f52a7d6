#include "accel/crypt/keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/crypt/gpg.hpp"
#include "accel/crypt/jwe.hpp"
#include "accel/crypt/key_file.hpp"
#include "accel/crypt/pkcs7.hpp"

namespace accel::crypt {

namespace {

constexpr std::string_view kAnnotation = "org.opencontainers.image.enc.keys.";
constexpr std::size_t kMaxPackets = 100;

std::string annotation(std::string_view scheme) { return std::string(kAnnotation) + std::string(scheme); }

/// The packets of an annotation: base64, comma separated.
std::vector<Bytes> packets_of(const std::string& text, std::string_view scheme) {
  std::vector<Bytes> packets;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    Bytes packet;
    if (packets.size() == kMaxPackets || !base64_decode(rest.substr(0, end), packet)) {
      throw FormatError("encrypted layer: annotation " + annotation(scheme) + " is no list of base64 packets");
    }
    packets.push_back(std::move(packet));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return packets;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

struct Recipients::Impl {
  std::vector<JweRecipient> jwe;
  std::vector<std::shared_ptr<X509>> pkcs7;
  std::vector<std::string> pgp;
};

Recipients Recipients::load(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  auto impl = std::make_shared<Impl>();
  for (const std::string& text : texts) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string scheme = text.substr(0, colon);
    const std::string value = text.substr(std::min(colon + 1, text.size()));
    if (scheme == "pkcs11" || scheme == "provider") {
      throw UnsupportedError("recipient \"" + text + "\": scheme " + scheme + " is not supported",
                             "use jwe:FILE, pkcs7:FILE or pgp:NAME");
    }
    if (value.empty() || (scheme != "jwe" && scheme != "pkcs7" && scheme != "pgp")) {
      throw ConfigError("recipient \"" + text + "\" is malformed", "write jwe:FILE, pkcs7:FILE or pgp:NAME");
    }
    if (scheme == "jwe") {
      const PublicKeyFile file = load_public_key(value);
      impl->jwe.push_back({file.key, file.algorithm});
    } else if (scheme == "pkcs7") {
      impl->pkcs7.push_back(load_certificate(value));
    } else {
      if (!gpg_available()) {
        throw UnsupportedError("recipient \"" + text + "\" needs the program gpg, which is not in PATH",
                               "install gnupg, or use jwe or pkcs7");
      }
      impl->pgp.push_back(value);
    }
  }
  Recipients recipients;
  recipients.impl_ = std::move(impl);
  return recipients;
}

std::map<std::string, std::string> Recipients::wrap(ByteView secret) const {
  if (!impl_)
    throw ConfigError("a layer is to be encrypted for nobody", "name recipients: jwe:FILE, pkcs7:FILE, pgp:NAME");
  std::map<std::string, std::string> annotations;
  if (!impl_->jwe.empty()) {
    annotations[annotation("jwe")] = base64_encode(as_bytes(jwe_encrypt(secret, impl_->jwe)));
  }
  if (!impl_->pkcs7.empty()) annotations[annotation("pkcs7")] = base64_encode(pkcs7_encrypt(secret, impl_->pkcs7));
  if (!impl_->pgp.empty()) annotations[annotation("pgp")] = base64_encode(gpg_encrypt(secret, impl_->pgp));
  return annotations;
}

struct DecryptKeys::Impl {
  struct PgpKeys {
    Bytes keys;
    std::string password;
  };
  std::vector<std::shared_ptr<EVP_PKEY>> keys;
  std::vector<PgpKeys> pgp;

  [[nodiscard]] std::optional<Bytes> open(std::string_view scheme, const Bytes& packet) const {
    if (scheme == "pgp") {
      for (const PgpKeys& ring : pgp) {
        if (auto secret = gpg_decrypt(packet, ring.keys, ring.password)) return secret;
      }
      return std::nullopt;
    }
    for (const auto& key : keys) {
      auto secret = scheme == "jwe" ? jwe_decrypt(as_text(packet), key.get()) : pkcs7_decrypt(packet, key.get());
      if (secret) return secret;
    }
    return std::nullopt;
  }
};

DecryptKeys DecryptKeys::load(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  auto impl = std::make_shared<Impl>();
  for (const std::string& text : texts) {
    if (text.starts_with("provider:") || text.starts_with("pkcs11:")) {
      throw UnsupportedError("decryption with key providers and PKCS #11 is not supported", "give a file with the key");
    }
    const KeyFileName name = parse_key_file_name(text);
    PrivateKeyFile file = load_private_key(name);
    if (!file.pgp_keys.empty()) {
      if (!gpg_available()) {
        throw UnsupportedError(
            "key " + name.file + " holds OpenPGP keys and needs the program gpg, which is not in PATH",
            "install gnupg");
      }
      impl->pgp.push_back({std::move(file.pgp_keys), name.password});
    }
    // Certificates tell others which recipient a key is; here all are tried.
    if (file.key) impl->keys.push_back(std::move(file.key));
  }
  DecryptKeys keys;
  keys.impl_ = std::move(impl);
  return keys;
}

Bytes DecryptKeys::unwrap(const std::map<std::string, std::string>& annotations) const {
  std::vector<std::string> schemes, unknown;
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with(kAnnotation)) continue;
    const std::string scheme = name.substr(kAnnotation.size());
    if (scheme != "jwe" && scheme != "pkcs7" && scheme != "pgp") {
      unknown.push_back(scheme);
      continue;
    }
    schemes.push_back(scheme);
    if (!impl_) continue;
    for (const Bytes& packet : packets_of(value, scheme)) {
      if (auto secret = impl_->open(scheme, packet)) return *std::move(secret);
    }
  }
  if (schemes.empty() && unknown.empty()) throw FormatError("encrypted layer: no annotation holds its key");
  if (schemes.empty()) {
    throw UnsupportedError("encrypted layer: its key is wrapped for " + list(unknown) +
                           " only, which is not supported");
  }
  const std::string wrapped = "the layer's key is wrapped for " + list(schemes);
  if (!impl_) throw ConfigError("the layer is encrypted and no key was given; " + wrapped, "name a private key");
  throw ConfigError("none of the keys opens the encrypted layer; " + wrapped, "name a recipient's private key");
}

}  // namespace accel::crypt
