#include "accel/net/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "accel/base/error.hpp"

namespace accel::net {

namespace {

std::string error_text(unsigned long code) {
  if (code == 0) return "unknown TLS error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

[[noreturn]] void bad_file(std::string_view what, const std::string& file) {
  const std::string reason = error_text(ERR_peek_last_error());
  ERR_clear_error();
  throw ConfigError("load " + std::string(what) + " " + file + ": " + reason, "give a readable file in PEM format");
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> buffer{};
  return inet_pton(AF_INET, host.c_str(), buffer.data()) == 1 || inet_pton(AF_INET6, host.c_str(), buffer.data()) == 1;
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return "?";
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string time_text(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || ASN1_TIME_print(out.get(), time) != 1) return "?";
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options) : insecure_(options.insecure) {
  ERR_clear_error();
  context_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context_) throw ConfigError("set up TLS: " + error_text(ERR_get_error()));
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, insecure_ ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context);
  if (!options.ca_file.empty() && SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1) {
    bad_file("ca_file", options.ca_file);
  }
  if (!options.client_cert.empty()) {
    const std::string& key = options.client_key.empty() ? options.client_cert : options.client_key;
    if (SSL_CTX_use_certificate_chain_file(context, options.client_cert.c_str()) != 1) {
      bad_file("client_cert", options.client_cert);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
      bad_file("client_key", key);
    }
  }
  ERR_clear_error();
}

ssl_st* TlsContext::new_handle(const std::string& host) const {
  std::unique_ptr<SSL, decltype(&SSL_free)> handle(SSL_new(context_.get()), &SSL_free);
  if (!handle) throw ConfigError("set up TLS: " + error_text(ERR_get_error()));
  static constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_set_alpn_protos(handle.get(), kAlpn.data(), kAlpn.size());
  X509_VERIFY_PARAM* const checks = SSL_get0_param(handle.get());
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(checks, host.c_str(), 0);
    SSL_set_tlsext_host_name(handle.get(), host.c_str());
  }
  return handle.release();
}

std::string describe_session(ssl_st* handle) {
  std::string text = std::string(SSL_get_version(handle)) + " " + SSL_get_cipher_name(handle);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(handle), &X509_free);
  if (!certificate) return text;
  text += ", certificate " + name_text(X509_get_subject_name(certificate.get()));
  text += ", issued by " + name_text(X509_get_issuer_name(certificate.get()));
  text += ", valid until " + time_text(X509_get0_notAfter(certificate.get()));
  return text;
}

std::string handshake_failure(ssl_st* handle, unsigned long code) {
  const long verdict = SSL_get_verify_result(handle);
  if (verdict != X509_V_OK && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return std::string("certificate not accepted: ") + X509_verify_cert_error_string(verdict);
  }
  return error_text(code);
}

bool is_not_tls(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  return ERR_GET_LIB(code) == ERR_LIB_SSL &&
         (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_UNKNOWN_PROTOCOL ||
          reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_RECORD_TOO_SMALL);
}

}  // namespace accel::net
