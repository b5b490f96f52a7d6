/// Who may read an encrypted layer, and the keys to read one, as users write them (`skopeo copy --encryption-key`,
/// `--decryption-key`).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"

namespace accel::crypt {

/// Those a layer's key is wrapped for. Immutable, cheap to copy, thread-safe.
class Recipients {
 public:
  Recipients() = default;
  /// Reads "jwe:FILE" (public key, PEM, DER or JWK), "pkcs7:FILE" (certificate, PEM or DER) and "pgp:NAME" (mail
  /// address, name or key id in the key ring of the `gpg` program). Throws ConfigError naming the recipient that is
  /// malformed or whose key cannot be used, StoreError for files that cannot be read, UnsupportedError for the schemes
  /// pkcs11 and provider and for pgp where there is no `gpg`.
  static Recipients load(const std::vector<std::string>& texts);

  [[nodiscard]] bool empty() const noexcept { return !impl_; }
  /// Wraps `secret` for all of them: annotation name → base64 of one packet per scheme. Throws ConfigError when there
  /// is nobody.
  [[nodiscard]] std::map<std::string, std::string> wrap(ByteView secret) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// Private keys. Immutable, cheap to copy, thread-safe.
class DecryptKeys {
 public:
  DecryptKeys() = default;
  /// Reads "FILE", "FILE:pass=TEXT", "FILE:file=FILE", "FILE:fd=NUMBER" or "FILE:TEXT" (the password itself). Files
  /// hold a private key (PEM, DER, JWK), an OpenPGP secret key ring, or a certificate, which pkcs7 needs to recognise
  /// its recipient. Throws ConfigError naming the file for wrong passwords and for files that hold none of these;
  /// StoreError for files that cannot be read; UnsupportedError for "provider:…" and where a key ring needs the `gpg`
  /// program.
  static DecryptKeys load(const std::vector<std::string>& texts);

  [[nodiscard]] bool empty() const noexcept { return !impl_; }
  /// Opens a packet of the annotations; the secret that was wrapped. Throws as LayerKey::unwrap.
  [[nodiscard]] Bytes unwrap(const std::map<std::string, std::string>& annotations) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace accel::crypt
