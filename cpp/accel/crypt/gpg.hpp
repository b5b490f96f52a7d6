/// OpenPGP through the `gpg` program: nothing else on the machine knows the user's key ring.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"

namespace accel::crypt {

/// True when the program is in PATH.
bool gpg_available();

/// Encrypts for the keys of the user's ring that the names (mail addresses, names, key ids) mean. Throws ConfigError
/// with gpg's words for names it has no key for, UnsupportedError where there is no gpg.
Bytes gpg_encrypt(ByteView plaintext, const std::vector<std::string>& names);

/// True when the bytes begin like a ring of OpenPGP secret keys, binary or armoured.
bool is_gpg_secret_keys(ByteView bytes) noexcept;

/// Decrypts with a ring of secret keys, which is used in a directory of its own that is gone afterwards; the user's
/// ring is left alone. Nothing when none of the keys is a recipient's or the password is wrong.
std::optional<Bytes> gpg_decrypt(ByteView packet, ByteView secret_keys, const std::string& password);

}  // namespace accel::crypt
