#include "accel/net/http_message.hpp"

#include <algorithm>

#include "accel/base/error.hpp"
#include "accel/net/text.hpp"

namespace accel::net {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kExtra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kExtra.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  // The value is not in the message: it may be a credential.
  if (!is_token(name) || !is_field_value(value)) {
    throw ConfigError("header field " + std::string(name) + " holds a line break or control character");
  }
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return equal_nocase(field.first, name); });
}

std::string_view Headers::get(std::string_view name) const noexcept {
  for (const auto& [field, value] : fields_) {
    if (equal_nocase(field, name)) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const auto& field) { return equal_nocase(field.first, name); });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [field, value] : fields_) {
    if (equal_nocase(field, name)) values.emplace_back(value);
  }
  return values;
}

std::optional<std::string> read_all(Body& body, std::size_t limit) {
  constexpr std::size_t kStep = 16U << 10U;
  std::string text;
  for (;;) {
    const std::size_t old_size = text.size();
    text.resize(old_size + kStep);
    const std::size_t count = body.read({reinterpret_cast<std::byte*>(text.data()) + old_size, kStep});
    text.resize(old_size + count);
    if (count == 0) return text;
    if (text.size() > limit) return std::nullopt;
  }
}

std::string serialize_head(const Request& request, std::string_view target, BodyFraming framing) {
  if (!is_token(request.method)) throw ConfigError("HTTP method holds a character it may not");
  std::string head = request.method + " ";
  head.append(target).append(" HTTP/1.1\r\n");
  append_field(head, "Host", request.url.authority());
  for (const auto& [name, value] : request.headers) append_field(head, name, value);
  const bool carries_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (framing == BodyFraming::chunked) {
    append_field(head, "Transfer-Encoding", "chunked");
  } else if (carries_body || !request.body.empty()) {
    append_field(head, "Content-Length", std::to_string(request.body.size()));
  }
  head += "\r\n";
  return head;
}

}  // namespace accel::net
