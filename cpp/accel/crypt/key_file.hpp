/// Files with keys, as the command line names them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "accel/crypt/openssl.hpp"

namespace accel::crypt {

/// "FILE", "FILE:pass=…", "FILE:file=…", "FILE:fd=…", "FILE:…" taken apart.
struct KeyFileName {
  std::string file;
  bool has_password = false;
  std::string password;
};
/// Reads password files and descriptors. Throws ConfigError, StoreError; the password is in no message.
KeyFileName parse_key_file_name(std::string_view text);

/// At most 1 MiB of a file. Throws StoreError, ConfigError for larger ones.
Bytes read_key_file(const std::string& file);

/// What a file with private things holds; at least one member is set.
struct PrivateKeyFile {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
  Bytes pgp_keys;
};
/// Throws ConfigError naming the file when it holds none of these, or needs another password.
PrivateKeyFile load_private_key(const KeyFileName& name);

struct PublicKeyFile {
  std::shared_ptr<EVP_PKEY> key;
  std::string algorithm;  ///< of a JWK, else the type's default
};
/// Throw ConfigError naming the file.
PublicKeyFile load_public_key(const std::string& file);
std::shared_ptr<X509> load_certificate(const std::string& file);

}  // namespace accel::crypt
