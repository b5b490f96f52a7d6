/// Private keys that the seeds of the targets for encryption are for. They were made for this and protect nothing.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <string_view>

#include "accel/crypt/openssl.hpp"

namespace accel::fuzz {

inline constexpr std::string_view kRsaKey = R"(-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMNkzLIjbdZjfmj8
PgbXF1l4AkiIs3N0pWF8B0efGyqHC7jwkf8E2IJ3QvFHeG4UxoHiZ4oHF3G+1Cw5
CZRKzla9w8jJ+ZblWjyALUJqN/SQ1A1vRmnFXr3eHczqHKxMDdrwmlg76HDjgZBa
26NfdaarHO3sOhIDc0a9vgxPuaZzAgMBAAECgYB+AESYI4yzEdn0raT6GD5wbZlb
WPwP2grEAI1ZPFryY7/FdS1QvLk5+NpsaWBZ7H/ORkfqlIQjz6FXGzj4Lf08hgxb
EpBN7sUlEvr/Ia1BNMrSfxd/B9bjDNOt3Nu17Lw3AgR6qm6CYyARvJYYqvsTFOAo
1HR/5ZxGsFhJLiQFoQJBAOKpJO3w2A8fCDNJzwptFU8+D8AbvYRLfdtKa2UYLuSX
BOFUoqyH6lsHVcsWIYz+0Ra74jnb9cobSsIlaiV1W6sCQQDcr4/Q3jT/xEkNawci
tPBTaCDUgT7GnkZ4Ut+906+wvxQyEcS8CZ7QR5uDYQS9yR5LJitGza+1zI1VaQM9
PlhZAkAaOPNay8hTR4XNWTaowCH8/vMXiJ4OViWDX0K5eWjDbW1VHFONnlPQoDKe
wjqzcy+Bb88mXno7HZkyiN2U49TtAkBcBB/VGTHEC1XicGPzRrqGLH6z3IgOTORZ
O0TrY5539dQ35EzBkslTUug26XcOoxMshme5B/5hsT6lBDpDiQFRAkEAhlh3r8fM
kDhDiLbi5bqJBskVAG3J6o5SgpZeZASKPiL5JjmLSGsAfunAGbl6HTac6OLQcyQ4
ZnW7wfjnjoVyTQ==
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view kEcKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzDA/xRGThUaCehUm
q/BHl521V/+UhSZCHBVish8crpChRANCAAQv08NGzK5xbAuJLhVDAZrrqWEiVLll
EEbB/CYOolyvATIO8UNVsFWMQlYo+ifr4xfbqA6bTmc7sHcvJGBgyq7/
-----END PRIVATE KEY-----
)";

inline crypt::KeyPtr read_key(std::string_view pem) {
  const crypt::BioPtr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  crypt::KeyPtr key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (!key) std::abort();
  return key;
}

/// Nothing may be left in the queue of errors: the next user of the library on this thread would report it.
inline void require_no_openssl_error() {
  if (ERR_peek_error() != 0) std::abort();
}

}  // namespace accel::fuzz
