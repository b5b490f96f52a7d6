/// TLS settings of a host and what OpenSSL needs to use them.
#pragma once

#include <memory>
#include <string>

// OpenSSL's own types, without its headers.
struct ssl_st;
struct ssl_ctx_st;

namespace accel::net {

/// How a host's certificate is checked and which one we show. Value type; also part of a pool's key.
struct TlsOptions {
  bool insecure = false;    ///< do not verify
  std::string ca_file;      ///< PEM, besides the system's roots
  std::string client_cert;  ///< PEM, with the chain; "" = none
  std::string client_key;   ///< PEM; "" = in client_cert
  friend auto operator<=>(const TlsOptions&, const TlsOptions&) = default;
};

/// Certificates and keys, loaded. Thread-safe; connections made from it keep what they need alive.
class TlsContext {
 public:
  /// Throws ConfigError naming the file that cannot be read or used.
  explicit TlsContext(const TlsOptions& options);

  /// A client handle for one connection to `host`: SNI (for names), the name or address to verify, ALPN http/1.1.
  /// The caller owns it (SSL_free, or an Asio stream).
  [[nodiscard]] ssl_st* new_handle(const std::string& host) const;

 private:
  bool insecure_;
  std::shared_ptr<ssl_ctx_st> context_;
};

/// "TLSv1.3 TLS_AES_128_GCM_SHA256, certificate CN=…, issued by CN=…, valid until …": for `doctor`.
std::string describe_session(ssl_st* handle);

/// What OpenSSL says about the last failed handshake of `handle`: the certificate's fault if there is one, else the
/// text of the error queue for `code`.
std::string handshake_failure(ssl_st* handle, unsigned long code);

/// True when `code` means that the peer sent something that is no TLS at all (plain HTTP on the port).
bool is_not_tls(unsigned long code);

}  // namespace accel::net
