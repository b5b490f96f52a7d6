#include "accel/oci/reference.hpp"

#include <algorithm>

#include "accel/base/error.hpp"

namespace accel::oci {

namespace {

constexpr std::string_view kDefaultHost = "docker.io";
constexpr std::string_view kOldDefaultHost = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kMaxNameLength = 255;  // host and repository together, as the distribution spec advises

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_alphanumeric(char c) noexcept { return is_digit(c) || is_lower(c) || is_upper(c); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) noexcept {
  return std::all_of(text.begin(), text.end(), predicate);
}

/// Takes the text up to `separator` (or all of it) off the front of `rest`; `more` tells whether one was there.
std::string_view take(std::string_view& rest, char separator, bool& more) noexcept {
  const std::size_t at = rest.find(separator);
  more = at != std::string_view::npos;
  const std::string_view piece = rest.substr(0, at);
  rest = more ? rest.substr(at + 1) : std::string_view{};
  return piece;
}

/// Letters, digits and inner hyphens.
bool is_host_label(std::string_view label) noexcept {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         all(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_port(std::string_view port) noexcept {
  if (port.empty() || port.size() > 5 || !all(port, is_digit)) return false;
  unsigned value = 0;
  for (const char c : port) value = value * 10 + static_cast<unsigned>(c - '0');
  return value >= 1 && value <= 65535;
}

/// `name`, `name:port`, `[v6]` or `[v6]:port`.
bool is_host(std::string_view host) noexcept {
  if (host.empty()) return false;
  if (host.front() == '[') {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    const bool address = all(host.substr(1, end - 1), [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
    });
    const std::string_view rest = host.substr(end + 1);
    return address && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  bool has_port = false;
  std::string_view name = take(host, ':', has_port);
  if (has_port && !is_port(host)) return false;
  for (bool more = true; more;) {
    if (!is_host_label(take(name, '.', more))) return false;
  }
  return true;
}

/// Runs of [a-z0-9] with one separator between each two: ".", "_", "__" or any number of "-".
bool is_repository_component(std::string_view component) noexcept {
  const auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  if (component.empty() || !is_word(component.front()) || !is_word(component.back())) return false;
  for (std::size_t i = 0; i < component.size();) {
    if (is_word(component[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (!is_word(component[i])) ++i;  // ends: the last character is a word character
    const std::string_view separator = component.substr(begin, i - begin);
    if (separator != "." && separator != "_" && separator != "__" && !all(separator, [](char c) { return c == '-'; })) {
      return false;
    }
  }
  return true;
}

/// The first component names a host when no repository could be called like that, or when it is localhost.
bool names_host(std::string_view component) noexcept {
  return component == "localhost" || component.find_first_of(".:") != std::string_view::npos ||
         std::any_of(component.begin(), component.end(), is_upper);
}

[[noreturn]] void fail(std::string_view text, const std::string& problem, std::string hint = {}) {
  throw InvalidReference(
      "\"" + std::string(text.substr(0, 2 * kMaxNameLength)) + "\" is no image reference: " + problem, std::move(hint));
}

void check_repository(std::string_view text, std::string_view repository) {
  if (repository.empty()) fail(text, "the repository is missing", "write it as HOST/REPOSITORY:TAG");
  if (std::any_of(repository.begin(), repository.end(), is_upper)) {
    fail(text, "the repository must be lower case");
  }
  std::string_view rest = repository;
  for (bool more = true; more;) {
    const std::string_view component = take(rest, '/', more);
    if (!is_repository_component(component)) {
      fail(text, "bad repository component \"" + std::string(component) + "\"",
           "components are lower-case letters and digits, with single '.', '_', '__' or '-' between them");
    }
  }
}

}  // namespace

bool is_tag(std::string_view tag) noexcept {
  return !tag.empty() && tag.size() <= kMaxTagLength && tag.front() != '.' && tag.front() != '-' &&
         all(tag, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

Reference Reference::parse(std::string_view text) {
  if (text.empty()) fail(text, "it is empty");
  if (text.find("://") != std::string_view::npos) {
    fail(text, "it has a scheme", "leave it out and write HOST/REPOSITORY:TAG");
  }
  // Every other tool would take it for an image id.
  if (text.size() == 64 && all(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); })) {
    fail(text, "64 hex digits are an image id", "write REPOSITORY@sha256:DIGITS");
  }
  Reference reference;
  std::string_view rest = text;

  const std::size_t at = rest.find('@');
  if (at != std::string_view::npos) {
    reference.digest = hash::Digest::try_parse(rest.substr(at + 1));
    if (reference.digest.empty()) fail(text, "what follows '@' is no sha256 or sha512 digest");
    rest = rest.substr(0, at);
  }
  // A tag's colon comes after the last slash; one before it belongs to a port.
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    reference.tag = rest.substr(colon + 1);
    if (reference.tag.size() > kMaxTagLength) {
      fail(text, "the tag has " + std::to_string(reference.tag.size()) + " characters, at most 128 are allowed");
    }
    if (!is_tag(reference.tag)) {
      fail(text, "bad tag \"" + reference.tag + "\"",
           "tags are letters, digits, '_', '.' and '-', and begin with neither '.' nor '-'");
    }
    rest = rest.substr(0, colon);
  }

  const std::size_t first_slash = rest.find('/');
  if (first_slash != std::string_view::npos && names_host(rest.substr(0, first_slash))) {
    reference.host = rest.substr(0, first_slash);
    rest = rest.substr(first_slash + 1);
    if (!is_host(reference.host)) fail(text, "bad host \"" + reference.host + "\"");
    if (reference.host == kOldDefaultHost) reference.host = kDefaultHost;
  } else {
    reference.host = kDefaultHost;
  }
  check_repository(text, rest);
  if (reference.host == kDefaultHost && rest.find('/') == std::string_view::npos)
    reference.repository = kOfficialPrefix;
  reference.repository += rest;
  if (reference.host.size() + 1 + reference.repository.size() > kMaxNameLength) {
    fail(text, "host and repository are longer than 255 characters");
  }
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  return reference;
}

std::string Reference::to_string() const {
  std::string text = name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text.append("@").append(digest.to_string());
  return text;
}

std::string Reference::name() const { return host + "/" + repository; }

std::string Reference::target() const { return digest.empty() ? tag : digest.to_string(); }

}  // namespace accel::oci
