#include "accel/net/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "accel/net/text.hpp"

namespace accel::net {

namespace {

constexpr std::size_t kMaxUrlBytes = 16U << 10U;
constexpr std::string_view kHex = "0123456789ABCDEF";

void append_escape(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kHex[byte >> 4U]);
  out.push_back(kHex[byte & 15U]);
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Percent-encodes what may not stand in a request target.
std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
        c == '{' || c == '|' || c == '}') {
      append_escape(out, c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) return false;
  port = static_cast<std::uint16_t>(value);
  return true;
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Fills userinfo, host and port from `[userinfo@]host[:port]`.
bool parse_authority(std::string_view text, Url& url) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    url.userinfo = clean(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    url.host = to_lower(text.substr(1, close - 1));
    in6_addr address{};
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) return false;
    port = text.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto colon = text.find(':');
    url.host = to_lower(text.substr(0, colon));
    if (url.host.empty() || url.host.size() > 253 || !std::all_of(url.host.begin(), url.host.end(), is_host_char)) {
      return false;
    }
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  url.port = default_port(url.scheme);
  return port.empty() || parse_port(port, url.port);
}

/// RFC 3986 section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool directory = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the '/'
    const auto slash = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, slash);
    path.remove_prefix(slash);
    directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : kept) {
    out.push_back('/');
    out.append(segment);
  }
  if (directory || out.empty()) out.push_back('/');
  return out;
}

/// Splits `path?query` into `url`.
void set_target(std::string_view text, Url& url) {
  const auto mark = text.find('?');
  url.path = clean(text.substr(0, mark));
  url.query.clear();
  if (mark != std::string_view::npos) url.query = clean(text.substr(mark + 1));
  if (url.path.empty()) url.path.push_back('/');
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrlBytes || has_control(text)) return std::nullopt;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(colon + 3);
  const auto end = std::min(text.find_first_of("/?"), text.size());
  if (!parse_authority(text.substr(0, end), url)) return std::nullopt;
  set_target(text.substr(end), url);
  return url;
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > kMaxUrlBytes || has_control(reference)) return std::nullopt;
  reference = reference.substr(0, reference.find('#'));
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  // A scheme comes before any '/' or '?': "a/b?x=c:d" is a relative path.
  const auto mark = reference.find_first_of(":/?");
  if (mark != std::string_view::npos && reference[mark] == ':') return parse(reference);
  Url url = *this;
  url.userinfo.clear();
  if (reference.empty()) return url;
  if (reference.starts_with('?')) {
    url.query = clean(reference.substr(1));
    return url;
  }
  if (reference.starts_with('/')) {
    set_target(reference, url);
  } else {
    set_target(path.substr(0, path.rfind('/') + 1) + std::string(reference), url);
  }
  url.path = remove_dot_segments(url.path);
  return url;
}

std::string Url::target() const { return query.empty() ? path : path + "?" + query; }

std::string Url::authority() const {
  std::string text;
  if (host.find(':') == std::string::npos) {
    text = host;
  } else {
    text.append("[").append(host).append("]");
  }
  if (port != default_port(scheme)) text.append(":").append(std::to_string(port));
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::string Url::to_string() const {
  return scheme + "://" + (userinfo.empty() ? "" : userinfo + "@") + authority() + target();
}

bool same_origin(const Url& a, const Url& b) { return a.scheme == b.scheme && a.host == b.host && a.port == b.port; }

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

void add_query(Url& url, std::string_view name, std::string_view value) {
  if (!url.query.empty()) url.query += '&';
  url.query += percent_encode(name) + "=" + percent_encode(value);
}

bool is_loopback(std::string_view host) {
  const std::string text = to_lower(host);
  if (text == "localhost" || text.ends_with(".localhost")) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace accel::net
