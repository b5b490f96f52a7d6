#include "accel/net/proxy.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstdlib>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/net/text.hpp"

namespace accel::net {

namespace {

/// Lower case first; the upper-case name is what the error shows when both are absent.
std::optional<std::string> read_variable(const GetEnv& get_env, const std::string& name, std::string& used) {
  used = to_lower(name);
  if (auto value = get_env(used); value && !value->empty()) return value;
  used = name;
  if (auto value = get_env(used); value && !value->empty()) return value;
  return std::nullopt;
}

std::optional<Url> read_proxy(const GetEnv& get_env, const std::string& name) {
  std::string used;
  const auto text = read_variable(get_env, name, used);
  if (!text) return std::nullopt;
  const auto url = Url::parse(text->find("://") == std::string::npos ? "http://" + *text : *text);
  if (!url || url->is_https()) {
    // The value is not shown: it may hold a password.
    throw ConfigError("environment variable " + used + " is no http:// proxy URL",
                      "set it to http://[user:password@]host:port; SOCKS and https:// proxies are not supported");
  }
  return url;
}

/// An address as bytes: 4, 16 or none.
std::string address_bytes(const std::string& text) {
  std::array<char, 16> buffer{};
  if (inet_pton(AF_INET, text.c_str(), buffer.data()) == 1) return {buffer.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), buffer.data()) == 1) return {buffer.data(), 16};
  return {};
}

bool in_network(const std::string& address, std::string_view cidr) {
  const auto slash = cidr.find('/');
  const std::string network = address_bytes(std::string(cidr.substr(0, slash)));
  const auto bits = parse_u64(cidr.substr(slash + 1));
  if (network.empty() || network.size() != address.size() || !bits || *bits > network.size() * 8) return false;
  for (std::size_t bit = 0; bit < *bits; bit += 8) {
    const std::size_t left = std::min<std::size_t>(8, static_cast<std::size_t>(*bits) - bit);
    const unsigned mask = 0xFFU & (0xFF00U >> left);
    if (((static_cast<unsigned>(network[bit / 8]) ^ static_cast<unsigned>(address[bit / 8])) & mask) != 0) return false;
  }
  return true;
}

/// Cuts `:port` (and brackets) off an entry of NO_PROXY. A bare IPv6 address has no port.
std::optional<std::uint64_t> take_port(std::string_view& entry) {
  std::string_view port;
  if (entry.starts_with('[')) {
    const auto close = entry.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    if (close + 1 < entry.size() && entry[close + 1] == ':') port = entry.substr(close + 2);
    entry = entry.substr(1, close - 1);
  } else if (const auto colon = entry.find(':'); colon != std::string_view::npos && colon == entry.rfind(':')) {
    port = entry.substr(colon + 1);
    entry = entry.substr(0, colon);
  }
  return parse_u64(port);
}

bool entry_matches(std::string_view entry, const Url& url, const std::string& address) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return !address.empty() && in_network(address, entry);
  if (const auto port = take_port(entry); port && *port != url.port) return false;
  if (!address.empty()) return address_bytes(std::string(entry)) == address;
  const bool below_only = entry.starts_with("*.");
  if (below_only) entry.remove_prefix(1);
  const std::string_view domain = entry.starts_with('.') ? entry.substr(1) : entry;
  if (domain.empty()) return false;
  if (url.host == domain) return !below_only;
  return url.host.size() > domain.size() && url.host.ends_with(domain) &&
         url.host[url.host.size() - domain.size() - 1] == '.';
}

}  // namespace

std::optional<std::string> process_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

ProxyRules ProxyRules::from_environment(const GetEnv& get_env) {
  ProxyRules rules;
  rules.https_ = read_proxy(get_env, "HTTPS_PROXY");
  rules.http_ = read_proxy(get_env, "HTTP_PROXY");
  std::string used;
  if (const auto list = read_variable(get_env, "NO_PROXY", used)) {
    for (const auto entry : split(*list, ',')) rules.exempt_.push_back(to_lower(entry));
  }
  return rules;
}

std::optional<Url> ProxyRules::proxy_for(const Url& url) const {
  const auto& proxy = url.is_https() ? https_ : http_;
  if (!proxy || is_loopback(url.host) || is_exempt(url)) return std::nullopt;
  return proxy;
}

bool ProxyRules::is_exempt(const Url& url) const {
  const std::string address = address_bytes(url.host);
  for (const auto& entry : exempt_) {
    if (entry_matches(entry, url, address)) return true;
  }
  return false;
}

std::string proxy_authorization(const Url& proxy) {
  if (proxy.userinfo.empty()) return {};
  const std::string user_and_password = percent_decode(proxy.userinfo);
  return "Basic " + base64_encode(as_bytes(user_and_password));
}

}  // namespace accel::net
