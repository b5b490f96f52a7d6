/// http and https URLs: parsing, resolving, printing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace accel::net {

/// An absolute http or https URL. Value type; what it holds contains no control characters, so it may go into a
/// request line. Fragments are dropped.
struct Url {
  std::string scheme;      ///< "http" or "https"
  std::string userinfo;    ///< percent-encoded, usually ""
  std::string host;        ///< lower case, IPv6 without brackets
  std::uint16_t port = 0;  ///< the scheme's own when the text names none
  std::string path;        ///< percent-encoded, begins with '/'
  std::string query;       ///< without '?'

  /// Nothing unless `text` is an absolute http or https URL of at most 16 KiB. Bytes a URL may not hold
  /// (spaces, non-ASCII) are percent-encoded; control characters are refused.
  static std::optional<Url> parse(std::string_view text);

  /// The URL that `reference`, found in an answer to this one, means (RFC 3986 section 5.2). User information is
  /// never inherited. Nothing for other schemes and malformed text.
  [[nodiscard]] std::optional<Url> resolve(std::string_view reference) const;

  /// Path and query as a request line has them.
  [[nodiscard]] std::string target() const;
  /// host or host:port, with brackets round IPv6; the port only when it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  /// scheme://authority.
  [[nodiscard]] std::string origin() const;
  /// The whole URL. Holds user information and signatures: use redact() for people.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_https() const { return scheme == "https"; }

  friend bool operator==(const Url&, const Url&) = default;
};

/// True when both have the same scheme, host and port.
bool same_origin(const Url& a, const Url& b);

/// `text` with everything but unreserved characters percent-encoded: safe as a query value.
std::string percent_encode(std::string_view text);
/// Undoes percent-encoding; malformed escapes stay as they are.
std::string percent_decode(std::string_view text);
/// Adds `name=value` (value encoded here) to the URL's query, after what is there.
void add_query(Url& url, std::string_view name, std::string_view value);

/// True for localhost, *.localhost, 127.0.0.0/8 and ::1 (host without port and brackets).
bool is_loopback(std::string_view host);

}  // namespace accel::net
